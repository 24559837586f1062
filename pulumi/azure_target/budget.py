"""The budget: what the user says may be spent in a month, and who is told when."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import consumption

from isthmus.provision.azure_target.site import Site
from isthmus.provision.stack import Budget


def make_budget(site: Site, budget: Budget, parent: pulumi.Resource) -> consumption.Budget:
    """Watch the cost of the resource group: Azure tells, and stops nothing."""
    return consumption.Budget(
        site.names.of("budget"),
        scope=pulumi.Output.concat("/subscriptions/", site.subscription, "/resourceGroups/", site.group),
        amount=budget.amount,
        category="Cost",
        time_grain="Monthly",
        time_period={"start_date": f"{budget.since.isoformat()}T00:00:00Z"},
        notifications={
            f"at-{percent}-percent": {
                "enabled": True,
                "operator": "GreaterThanOrEqualTo",
                "threshold": percent,
                "threshold_type": "Actual",
                "contact_emails": list(budget.alert),
            }
            for percent in budget.percent
        },
        opts=pulumi.ResourceOptions(parent=parent),
    )
