"""Messaging: a Pub/Sub topic for each of the App's topics and streams, pushed to units in order, with dead letters.

Messages are stored in the region and nowhere else, in transit too.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pulumi
from pulumi_gcp import pubsub

from isthmus.provision.demand import Demand, Reached, TopicDemand
from isthmus.provision.google_target.identity import PUSHES, Identities
from isthmus.provision.google_target.site import Site

DELIVERIES_MAX: Final = 10
ACKNOWLEDGED_WITHIN_SECONDS: Final = 600
KEPT: Final = "604800s"
DEAD: Final = ".dead"


class Messaging(pulumi.ComponentResource):
    """Make the topics, and say who may send to them; what is pushed where comes when the units are there."""

    def __init__(self, site: Site, identities: Identities, demand: Demand, parent: pulumi.Resource) -> None:
        super().__init__("isthmus:google:Messaging", "messaging", None, pulumi.ResourceOptions(parent=parent))
        self._site = site
        self._identities = identities
        self._demand = demand
        self.ready: list[pulumi.Resource] = []
        streams = [TopicDemand(name=one.name, subscribers=(one.into,)) for one in demand.streams]
        self._topics = {one.name: (one, self._topic(self.topic_name(one.name))) for one in (*demand.topics, *streams)}
        for unit in demand.units:
            for name in unit.sends_to:
                self.ready.append(self._may_send(unit.name, name))
        self.register_outputs({})

    @staticmethod
    def topic_name(name: str) -> str:
        """Return what a topic of the App is called on Pub/Sub: the functions send to it by this name."""
        return name.replace(":", ".")

    def _topic(self, name: str) -> pubsub.Topic:
        return pubsub.Topic(
            name,
            name=name,
            project=self._site.project,
            labels=self._site.labels,
            message_retention_duration=KEPT,
            message_storage_policy={"allowed_persistence_regions": [self._site.region], "enforce_in_transit": True},
            opts=self._site.child(self),
        )

    def _may_send(self, who: str, topic: str) -> pubsub.TopicIAMMember:
        return pubsub.TopicIAMMember(
            f"{who}-{topic}",
            project=self._site.project,
            topic=self._topics[topic][1].name,
            role="roles/pubsub.publisher",
            member=self._identities.of[who].member,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def push(self, urls: Mapping[str, pulumi.Output[str]], allowed: Sequence[pulumi.Resource]) -> None:
        """Push every topic to the units of its subscribers, once these let Pub/Sub in."""
        for asked, topic in self._topics.values():
            for subscriber in asked.subscribers:
                self._subscription(asked, topic, subscriber, urls[subscriber.unit], allowed)

    def _subscription(
        self,
        asked: TopicDemand,
        topic: pubsub.Topic,
        subscriber: Reached,
        unit: pulumi.Output[str],
        allowed: Sequence[pulumi.Resource],
    ) -> None:
        site, child = self._site, pulumi.ResourceOptions(parent=self)
        name = f"{self.topic_name(asked.name)}.{subscriber.contract}"
        letters = self._topic(f"{name}{DEAD}")
        kept = pubsub.Subscription(
            f"{name}{DEAD}",
            name=f"{name}{DEAD}",
            project=site.project,
            topic=letters.name,
            message_retention_duration="2678400s",
            expiration_policy={"ttl": ""},
            labels=site.labels,
            opts=child,
        )
        buries = pubsub.TopicIAMMember(
            f"{name}-buries",
            project=site.project,
            topic=letters.name,
            role="roles/pubsub.publisher",
            member=site.agent("pubsub"),
            opts=child,
        )
        subscription = pubsub.Subscription(
            name,
            name=name,
            project=site.project,
            topic=topic.name,
            ack_deadline_seconds=ACKNOWLEDGED_WITHIN_SECONDS,
            enable_message_ordering=True,
            message_retention_duration=KEPT,
            expiration_policy={"ttl": ""},
            retry_policy={"minimum_backoff": "10s", "maximum_backoff": "600s"},
            dead_letter_policy={"dead_letter_topic": letters.id, "max_delivery_attempts": DELIVERIES_MAX},
            push_config={
                "push_endpoint": pulumi.Output.concat(unit, f"/pubsub/{asked.name}/{subscriber.contract}"),
                "oidc_token": {
                    "service_account_email": self._identities.of[PUSHES].email,
                    "audience": unit,
                },
            },
            labels=site.labels,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[buries, kept, *allowed]),
        )
        pubsub.SubscriptionIAMMember(
            f"{name}-takes-away",
            project=site.project,
            subscription=subscription.name,
            role="roles/pubsub.subscriber",
            member=site.agent("pubsub"),
            opts=child,
        )
