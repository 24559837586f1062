"""The budget: what the user says may be spent in a month, and who is told when."""

from __future__ import annotations

import pulumi
from pulumi_gcp import billing, monitoring

from isthmus.provision.google_target.site import Site
from isthmus.provision.stack import Budget


def make_budget(site: Site, budget: Budget, parent: pulumi.Resource) -> billing.Budget:
    """Watch the cost of the project: Google tells, and stops nothing."""
    channels = [
        monitoring.NotificationChannel(
            f"budget-{place}",
            project=site.project,
            type="email",
            display_name=f"{site.names.whole('budget')}: {address}",
            labels={"email_address": address},
            opts=site.child(parent),
        )
        for place, address in enumerate(budget.alert)
    ]
    amount = billing.BudgetAmountSpecifiedAmountArgs(units=str(budget.amount), currency_code=budget.currency)
    return billing.Budget(
        site.names.of("budget"),
        billing_account=str(budget.billing_account),
        display_name=site.names.whole("budget"),
        budget_filter=billing.BudgetBudgetFilterArgs(
            projects=[pulumi.Output.concat("projects/", site.number)],
            calendar_period="MONTH",
            labels={"stack": site.labels["stack"]},
        ),
        amount=billing.BudgetAmountArgs(specified_amount=amount),
        threshold_rules=[
            billing.BudgetThresholdRuleArgs(threshold_percent=percent / 100) for percent in budget.percent
        ],
        all_updates_rule=billing.BudgetAllUpdatesRuleArgs(
            monitoring_notification_channels=[channel.id for channel in channels], disable_default_iam_recipients=False
        ),
        opts=site.child(parent),
    )
