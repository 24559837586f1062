"""The network: subnets for functions, endpoints, the database and migrations, and what may leave it.

functions    /24, delegated to Microsoft.App/environments: all units of Flex Consumption share it
endpoints    /26, where what is private answers
database     /27, delegated to the flexible server
migrations   /27, delegated to container instances, one of which runs for each deployment
firewall     /26, when the App calls hosts outside: these and no others, by name, over TLS

An App that declares no hosts has no way out but to Azure's own services.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pulumi
from pulumi_azure_native import network, privatedns

from isthmus.provision.azure_target.site import Site

SPACE: Final = "10.64.0.0/16"
FUNCTIONS, ENDPOINTS, DATABASE, MIGRATIONS = "functions", "endpoints", "database", "migrations"
FIREWALL: Final = "AzureFirewallSubnet"
"""The name that the firewall's subnet must have."""

PREFIXES: Final = {
    FUNCTIONS: "10.64.0.0/24",
    ENDPOINTS: "10.64.1.0/26",
    DATABASE: "10.64.1.64/27",
    MIGRATIONS: "10.64.1.96/27",
    FIREWALL: "10.64.1.128/26",
}

DELEGATIONS: Final = {
    FUNCTIONS: "Microsoft.App/environments",
    DATABASE: "Microsoft.DBforPostgreSQL/flexibleServers",
    MIGRATIONS: "Microsoft.ContainerInstance/containerGroups",
}

AZURE_SERVICES: Final = ("AzureActiveDirectory", "AzureMonitor", "Storage", "ServiceBus", "EventHub", "AzureKeyVault")
"""The service tags that functions reach: what has a private endpoint is reached by that, and the others by these."""


class Network(pulumi.ComponentResource):
    """Make the network, or use the one that is there."""

    def __init__(self, site: Site, hosts: Sequence[str], parent: pulumi.Resource) -> None:
        super().__init__("isthmus:azure:Network", "network", None, pulumi.ResourceOptions(parent=parent))
        self._site = site
        self._child = pulumi.ResourceOptions(parent=self)
        self._zones: dict[str, privatedns.PrivateZone] = {}
        self._links: list[pulumi.Resource] = []
        existing = site.stack.existing.network
        if existing:
            self.id: pulumi.Input[str] = existing.network
            named = {
                FUNCTIONS: existing.functions,
                ENDPOINTS: existing.endpoints,
                DATABASE: existing.database,
                MIGRATIONS: existing.migrations,
            }
            self.subnets: Mapping[str, pulumi.Input[str]] = {
                name: one or existing.functions for name, one in named.items()
            }
        else:
            self.id, self.subnets = self._made(hosts)
        self.register_outputs({})

    def _made(self, hosts: Sequence[str]) -> tuple[pulumi.Output[str], dict[str, pulumi.Output[str]]]:
        egress = self._egress_rules(hosts)
        routes = self._routes() if hosts else None
        wanted = [name for name in PREFIXES if hosts or name != FIREWALL]
        made = network.VirtualNetwork(
            self._site.names.of("network"),
            resource_group_name=self._site.group,
            location=self._site.region,
            address_space={"address_prefixes": [SPACE]},
            subnets=[self._subnet(name, egress, routes) for name in wanted],
            tags=self._site.tags,
            opts=self._child,
        )
        subnets = {name: pulumi.Output.concat(made.id, f"/subnets/{name}") for name in wanted}
        if hosts:
            self._firewall(hosts, subnets[FIREWALL])
        return made.id, subnets

    def _subnet(
        self, name: str, egress: network.NetworkSecurityGroup, routes: network.RouteTable | None
    ) -> network.SubnetArgsDict:
        subnet: network.SubnetArgsDict = {
            "name": name,
            "address_prefix": PREFIXES[name],
            "private_endpoint_network_policies": "Disabled",
        }
        if name in DELEGATIONS:
            subnet["delegations"] = [{"name": name, "service_name": DELEGATIONS[name]}]
        if name == FUNCTIONS:
            subnet["network_security_group"] = {"id": egress.id}
            if routes:
                subnet["route_table"] = {"id": routes.id}
        return subnet

    def _egress_rules(self, hosts: Sequence[str]) -> network.NetworkSecurityGroup:
        """Allow what functions reach, and deny the rest of the internet: with hosts, the firewall decides on it."""
        allowed = ["VirtualNetwork", *AZURE_SERVICES, *(["Internet"] if hosts else [])]
        rules = [
            self._rule(f"to-{tag}", 100 + 10 * place, "Allow", tag, "*" if tag == "VirtualNetwork" else "443")
            for place, tag in enumerate(allowed)
        ]
        return network.NetworkSecurityGroup(
            self._site.names.of("egress"),
            resource_group_name=self._site.group,
            location=self._site.region,
            security_rules=[*rules, self._rule("to-anything-else", 4_000, "Deny", "Internet", "*")],
            tags=self._site.tags,
            opts=self._child,
        )

    @staticmethod
    def _rule(name: str, priority: int, access: str, destination: str, ports: str) -> network.SecurityRuleArgsDict:
        return {
            "name": name,
            "priority": priority,
            "direction": "Outbound",
            "access": access,
            "protocol": "*" if ports == "*" else "Tcp",
            "source_address_prefix": "VirtualNetwork",
            "source_port_range": "*",
            "destination_address_prefix": destination,
            "destination_port_range": ports,
        }

    def _routes(self) -> network.RouteTable:
        """Lead what leaves through the firewall, which has the fourth address of its subnet: three are Azure's.

        Azure's own services are reached past it, for it lets through what the App declares and nothing else.
        """
        past: list[network.RouteArgsDict] = [
            {"name": f"to-{tag}", "address_prefix": tag, "next_hop_type": "Internet"} for tag in AZURE_SERVICES
        ]
        return network.RouteTable(
            self._site.names.of("routes"),
            resource_group_name=self._site.group,
            location=self._site.region,
            routes=[
                *past,
                {
                    "name": "out",
                    "address_prefix": "0.0.0.0/0",
                    "next_hop_type": "VirtualAppliance",
                    "next_hop_ip_address": "10.64.1.132",
                },
            ],
            tags=self._site.tags,
            opts=self._child,
        )

    def _firewall(self, hosts: Sequence[str], subnet: pulumi.Output[str]) -> None:
        site = self._site
        address = network.PublicIPAddress(
            site.names.of("outside"),
            resource_group_name=site.group,
            location=site.region,
            public_ip_allocation_method="Static",
            sku={"name": "Standard"},
            tags=site.tags,
            opts=self._child,
        )
        policy = network.FirewallPolicy(
            site.names.of("hosts"),
            resource_group_name=site.group,
            location=site.region,
            sku={"tier": "Standard"},
            tags=site.tags,
            opts=self._child,
        )
        rules = network.FirewallPolicyRuleCollectionGroup(
            "hosts",
            rule_collection_group_name="hosts",
            resource_group_name=site.group,
            firewall_policy_name=policy.name,
            priority=1_000,
            # Not as a dictionary: the SDK would not translate the names in one that is of several types.
            rule_collections=[
                network.FirewallPolicyFilterRuleCollectionArgs(
                    rule_collection_type="FirewallPolicyFilterRuleCollection",
                    name="hosts",
                    priority=1_000,
                    action=network.FirewallPolicyFilterRuleCollectionActionArgs(type="Allow"),
                    rules=[
                        network.ApplicationRuleArgs(
                            rule_type="ApplicationRule",
                            name="declared",
                            source_addresses=[PREFIXES[FUNCTIONS]],
                            target_fqdns=list(hosts),
                            protocols=[
                                network.FirewallPolicyRuleApplicationProtocolArgs(protocol_type="Https", port=443)
                            ],
                        )
                    ],
                )
            ],
            opts=self._child,
        )
        network.AzureFirewall(
            site.names.of("firewall"),
            resource_group_name=site.group,
            location=site.region,
            sku={"name": "AZFW_VNet", "tier": "Standard"},
            firewall_policy={"id": policy.id},
            ip_configurations=[{"name": "outside", "subnet": {"id": subnet}, "public_ip_address": {"id": address.id}}],
            tags=site.tags,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[rules]),
        )

    def zone(self, name: str) -> privatedns.PrivateZone:
        """Return a private DNS zone that the network resolves, made once."""
        if name not in self._zones:
            site = self._site
            self._zones[name] = privatedns.PrivateZone(
                name,
                private_zone_name=name,
                resource_group_name=site.group,
                location="Global",
                tags=site.tags,
                opts=self._child,
            )
            self._links.append(
                privatedns.VirtualNetworkLink(
                    name,
                    virtual_network_link_name="network",
                    private_zone_name=self._zones[name].name,
                    resource_group_name=site.group,
                    location="Global",
                    registration_enabled=False,
                    virtual_network={"id": self.id},
                    tags=site.tags,
                    opts=self._child,
                )
            )
        return self._zones[name]

    @property
    def links(self) -> Sequence[pulumi.Resource]:
        """Return the links of all zones so far, which must be there before a name is resolved."""
        return tuple(self._links)

    def endpoint(self, name: str, resource: pulumi.Input[str], part: str, zone: str) -> network.PrivateEndpoint:
        """Make a part of a resource answer in the network, by its own name."""
        site = self._site
        made = network.PrivateEndpoint(
            site.names.of(name, part.lower()),
            resource_group_name=site.group,
            location=site.region,
            subnet={"id": self.subnets[ENDPOINTS]},
            private_link_service_connections=[{"name": part, "private_link_service_id": resource, "group_ids": [part]}],
            tags=site.tags,
            opts=self._child,
        )
        network.PrivateDnsZoneGroup(
            f"{name}-{part.lower()}",
            private_dns_zone_group_name="default",
            private_endpoint_name=made.name,
            resource_group_name=site.group,
            private_dns_zone_configs=[{"name": part.lower(), "private_dns_zone_id": self.zone(zone).id}],
            opts=self._child,
        )
        return made
