"""The budget: what the user says may be spent in a month, and who is told when. Google tells, and stops nothing."""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_gcp import billing, monitoring

from isthmus.provision.google_target.site import Site
from isthmus.provision.stack import Budget

DISPLAY_NAME_MAX: Final = 60


def make_budget(site: Site, budget: Budget, parent: pulumi.Resource) -> billing.Budget:
    """Watch the cost of what carries the stack's label."""
    channels = [
        monitoring.NotificationChannel(
            f"alert-{place}",
            project=site.project,
            type="email",
            display_name=f"the budget of stack {site.stack.name}",
            labels={"email_address": address},
            opts=site.options(parent, "monitoring"),
        )
        for place, address in enumerate(budget.alert)
    ]
    assert budget.billing_account is not None  # the stack holds to it
    return billing.Budget(
        "budget",
        billing_account=budget.billing_account,
        display_name=site.names.whole(longest=DISPLAY_NAME_MAX),
        amount={"specified_amount": {"units": str(budget.amount), "currency_code": budget.currency}},
        budget_filter={
            "projects": [pulumi.Output.concat("projects/", site.number)],
            "calendar_period": "MONTH",
            "labels": {"stack": site.labels["stack"]},
        },
        threshold_rules=[
            {"threshold_percent": percent / 100, "spend_basis": "CURRENT_SPEND"} for percent in budget.percent
        ],
        all_updates_rule={
            "monitoring_notification_channels": [channel.name for channel in channels],
            "disable_default_iam_recipients": True,
        },
        opts=site.options(parent, "billingbudgets"),
    )
