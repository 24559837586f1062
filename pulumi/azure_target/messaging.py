"""Messaging: a Service Bus topic for each of the App's, with dead letters; an Event Hub for each stream.

A subscription has sessions, one for each ordering key, so that messages of a key keep their order.
"""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_azure_native import eventhub, servicebus

from isthmus.provision.azure_target.identity import Identities, Role
from isthmus.provision.azure_target.network import Network
from isthmus.provision.azure_target.site import Site
from isthmus.provision.demand import Demand, StreamDemand, TopicDemand

DELIVERIES_MAX: Final = 10
DUPLICATES_WINDOW: Final = "P7D"
"""How long a message that is sent again is dropped; the app's inbox drops later ones."""

STREAM_HOURS: Final = 72

STANDARD = servicebus.SBSkuArgs(name=servicebus.SkuName.STANDARD, tier=servicebus.SkuTier.STANDARD)
PREMIUM = servicebus.SBSkuArgs(name=servicebus.SkuName.PREMIUM, tier=servicebus.SkuTier.PREMIUM, capacity=1)


class Messaging(pulumi.ComponentResource):
    """Make what messages and records travel by."""

    def __init__(
        self, site: Site, network: Network, identities: Identities, demand: Demand, parent: pulumi.Resource
    ) -> None:
        super().__init__("isthmus:azure:Messaging", "messaging", None, pulumi.ResourceOptions(parent=parent))
        self._site = site
        self._identities = identities
        self._child = pulumi.ResourceOptions(parent=self)
        self.service_bus: pulumi.Output[str] | None = None
        self.event_hubs: pulumi.Output[str] | None = None
        self.ready: list[pulumi.Resource] = []
        if demand.topics:
            self._make_topics(demand, network)
        if demand.streams:
            self._make_streams(demand, network)
        self.register_outputs({})

    def _make_topics(self, demand: Demand, network: Network) -> None:
        site = self._site
        # Only Premium has private endpoints; elsewhere its own gate is that every caller is known to Entra ID.
        premium = site.stack.is_production
        namespace = servicebus.Namespace(
            site.names.of("bus", longest=50),
            resource_group_name=site.group,
            location=site.region,
            sku=PREMIUM if premium else STANDARD,
            premium_messaging_partitions=1 if premium else None,
            disable_local_auth=True,
            minimum_tls_version="1.2",
            public_network_access="Disabled" if premium else "Enabled",
            tags=site.tags,
            opts=self._child,
        )
        if premium:
            self.ready.append(network.endpoint("bus", namespace.id, "namespace", "privatelink.servicebus.windows.net"))
        self.service_bus = pulumi.Output.concat(namespace.name, ".servicebus.windows.net")
        for topic in demand.topics:
            self._make_topic(namespace, topic, demand)

    def _make_topic(self, namespace: servicebus.Namespace, asked: TopicDemand, demand: Demand) -> None:
        name = asked.name.replace(":", ".")
        topic = servicebus.Topic(
            name,
            topic_name=name,
            namespace_name=namespace.name,
            resource_group_name=self._site.group,
            requires_duplicate_detection=True,
            duplicate_detection_history_time_window=DUPLICATES_WINDOW,
            support_ordering=True,
            opts=self._child,
        )
        self.ready.append(topic)
        for unit in demand.units:
            if asked.name in unit.sends_to:
                self.ready.append(self._identities.may(unit.name, Role.SERVICE_BUS_SENDER, topic.id, name))
        for subscriber in asked.subscribers:
            subscription = servicebus.Subscription(
                f"{name}-{subscriber.contract}",
                subscription_name=subscriber.contract,
                topic_name=topic.name,
                namespace_name=namespace.name,
                resource_group_name=self._site.group,
                requires_session=True,
                max_delivery_count=DELIVERIES_MAX,
                dead_lettering_on_message_expiration=True,
                lock_duration="PT5M",
                opts=self._child,
            )
            receives = self._identities.may(
                subscriber.unit, Role.SERVICE_BUS_RECEIVER, subscription.id, f"{name}-{subscriber.contract}"
            )
            self.ready += [subscription, receives]

    def _make_streams(self, demand: Demand, network: Network) -> None:
        site = self._site
        namespace = eventhub.Namespace(
            site.names.of("streams", longest=50),
            resource_group_name=site.group,
            location=site.region,
            sku={"name": "Standard", "tier": "Standard", "capacity": 1},
            disable_local_auth=True,
            minimum_tls_version="1.2",
            public_network_access="Disabled",
            tags=site.tags,
            opts=self._child,
        )
        self.ready.append(network.endpoint("streams", namespace.id, "namespace", "privatelink.servicebus.windows.net"))
        self.event_hubs = pulumi.Output.concat(namespace.name, ".servicebus.windows.net")
        for stream in demand.streams:
            self._make_stream(namespace, stream)

    def _make_stream(self, namespace: eventhub.Namespace, stream: StreamDemand) -> None:
        hub = eventhub.EventHub(
            stream.name,
            event_hub_name=stream.name,
            namespace_name=namespace.name,
            resource_group_name=self._site.group,
            partition_count=self._site.stack.sizes.partitions,
            retention_description={"cleanup_policy": "Delete", "retention_time_in_hours": STREAM_HOURS},
            opts=self._child,
        )
        self.ready.append(self._identities.may(stream.into.unit, Role.EVENT_HUBS_RECEIVER, hub.id, stream.name))
