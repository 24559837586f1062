"""Messaging: a Pub/Sub topic for each of the App's topics and streams, and a push to its unit for each subscriber.

    topic orders.executed        brokerage-dev-orders.executed       kept in the stack's region, ordered by key
    subscriber track_accepted    …-orders.executed.track_accepted    pushed to /pubsub/orders.executed/track_accepted
    not taken ten times          …-isthmus.undelivered               kept for a person, a week

https://cloud.google.com/pubsub/docs/authenticate-push-subscriptions
https://cloud.google.com/pubsub/docs/handling-failures
https://cloud.google.com/pubsub/docs/resource-location-restriction
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import pulumi
from pulumi_gcp import pubsub, serviceaccount

from isthmus.provision.demand import Demand
from isthmus.provision.google_target.identity import PUSHES, Identities
from isthmus.provision.google_target.keys import Keys
from isthmus.provision.google_target.site import Site
from isthmus.provision.google_target.triggers import Push, plain, topics_of

UNDELIVERED: Final = "isthmus.undelivered"
PUSHES_MAX: Final = 10
WEEK: Final = "604800s"
NEVER: Final = ""
ACKNOWLEDGED_WITHIN_SECONDS: Final = 600
"""The longest that a push may take: cloud.google.com/pubsub/quotas."""


class Messaging(pulumi.ComponentResource):
    """Make the topics, before the functions that publish to them."""

    def __init__(self, site: Site, keys: Keys, identities: Identities, demand: Demand, parent: pulumi.Resource) -> None:
        super().__init__("isthmus:google:Messaging", "messaging", None, pulumi.ResourceOptions(parent=parent))
        self._site = site
        self._keys = keys
        self._identities = identities
        self._asked = topics_of(demand)
        """By the names that Pub/Sub has them by, what each carries."""
        self._topics = {name: self._topic(name, classes) for name, classes in self._asked.items()}
        self.ready: list[pulumi.Resource] = [*self._topics.values()]
        for unit in demand.units:
            # Home relays what was left in the outbox, records of streams among it.
            sends_to = tuple(self._asked) if unit.is_home else tuple(plain(name) for name in unit.sends_to)
            self.ready += [self._may_publish(unit.name, identities.member(unit.name), name) for name in sends_to]
        self._undelivered = self._keep_undelivered() if self._asked else None
        self.register_outputs({})

    def deliver(
        self, pushes: Iterable[Push], addresses: Mapping[str, pulumi.Input[str]], after: list[pulumi.Resource]
    ) -> None:
        """Have every message pushed to the unit of its subscriber, once that is there and lets Pub/Sub in."""
        for push in pushes:
            self._push(push, addresses[push.unit], after)

    def _topic(self, name: str, classes: Iterable[str]) -> pubsub.Topic:
        return pubsub.Topic(
            name,
            name=f"{self._site.prefix}{name}",
            project=self._site.project,
            kms_key_name=self._keys.at_rest,
            message_storage_policy={"allowed_persistence_regions": [self._site.region], "enforce_in_transit": True},
            labels=self._site.labels_of(classes),
            opts=self._site.options(self, "pubsub", after=self._keys.ready),
        )

    def _may_publish(self, who: str, member: pulumi.Input[str], topic: str) -> pubsub.TopicIAMMember:
        return pubsub.TopicIAMMember(
            f"{who}-publishes-{topic}",
            project=self._site.project,
            topic=self._topics[topic].name,
            role="roles/pubsub.publisher",
            member=member,
            opts=self._site.options(self, "pubsub"),
        )

    # What is not delivered

    def _keep_undelivered(self) -> pubsub.Topic:
        """Keep what no delivery has brought to its end, where a person finds it."""
        classes = sorted({one for carried in self._asked.values() for one in carried})
        self._topics[UNDELIVERED] = topic = self._topic(UNDELIVERED, classes)
        agent, there = self._site.services.agent("pubsub", self._site.number)
        kept = pubsub.Subscription(
            UNDELIVERED,
            name=topic.name,
            project=self._site.project,
            topic=topic.id,
            message_retention_duration=WEEK,
            expiration_policy={"ttl": NEVER},
            labels=self._site.labels_of(classes),
            opts=self._site.options(self, "pubsub"),
        )
        # Pub/Sub itself moves messages there, and says who it is when it pushes.
        pushes = serviceaccount.IAMMember(
            "pubsub-speaks-for-pushes",
            service_account_id=self._identities.of[PUSHES].name,
            role="roles/iam.serviceAccountTokenCreator",
            member=agent,
            opts=self._site.options(self, "iam", after=[there]),
        )
        self.ready += [kept, pushes, self._may_publish("pubsub", agent, UNDELIVERED)]
        return topic

    # What is

    def _push(self, push: Push, unit: pulumi.Input[str], after: list[pulumi.Resource]) -> None:
        assert self._undelivered is not None
        name = push.subscription
        subscription = pubsub.Subscription(
            name,
            name=f"{self._site.prefix}{name}",
            project=self._site.project,
            topic=self._topics[push.topic].id,
            enable_message_ordering=True,
            ack_deadline_seconds=ACKNOWLEDGED_WITHIN_SECONDS,
            message_retention_duration=WEEK,
            expiration_policy={"ttl": NEVER},
            retry_policy={"minimum_backoff": "10s", "maximum_backoff": "600s"},
            dead_letter_policy={
                "dead_letter_topic": self._undelivered.id,
                "max_delivery_attempts": PUSHES_MAX,
            },
            push_config={
                "push_endpoint": pulumi.Output.concat(unit, push.path),
                "oidc_token": {
                    "service_account_email": self._identities.email(PUSHES),
                    "audience": unit,
                },
            },
            labels=self._site.labels_of(self._asked[push.topic]),
            opts=self._site.options(self, "pubsub", after=[*self.ready, *after]),
        )
        agent, there = self._site.services.agent("pubsub", self._site.number)
        pubsub.SubscriptionIAMMember(
            f"pubsub-takes-from-{name}",
            project=self._site.project,
            subscription=subscription.name,
            role="roles/pubsub.subscriber",
            member=agent,
            opts=self._site.options(self, "pubsub", after=[there]),
        )
