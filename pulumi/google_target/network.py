"""The network: a subnet for functions, an address range for the database, and what may leave it.

Google's own interfaces are reached by restricted.googleapis.com, which has no way out of them; the hosts that the App
declares by name, through a gateway, over TLS; and nothing else. An App that declares no hosts has no gateway.

https://cloud.google.com/vpc/docs/configure-private-google-access
https://cloud.google.com/firewall/docs/firewall-policies-rule-details (FQDN objects)
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pulumi
from pulumi_gcp import compute, dns, servicenetworking

from isthmus.provision.google_target.site import Site

FUNCTIONS: Final = "10.64.0.0/24"
INSIDE: Final = ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16")
RESTRICTED: Final = tuple(f"199.36.153.{last}" for last in (4, 5, 6, 7))
RESTRICTED_RANGE: Final = "199.36.153.4/30"
ANYWHERE: Final = "0.0.0.0/0"
PEERING_BITS: Final = 20
LAST: Final = 2_000_000_000


class Network(pulumi.ComponentResource):
    """Make the network, or use the one that is there."""

    def __init__(self, site: Site, hosts: Sequence[str], parent: pulumi.Resource) -> None:
        super().__init__("isthmus:google:Network", "network", None, pulumi.ResourceOptions(parent=parent))
        self._site = site
        self._child = pulumi.ResourceOptions(parent=self)
        existing = site.stack.existing.network
        self.ready: list[pulumi.Resource] = []
        self.peered: list[pulumi.Resource] = []
        if existing:
            self.id: pulumi.Input[str] = existing.network
            self.subnet: pulumi.Input[str] = existing.functions
        else:
            network = self._network()
            self.id, self.subnet = network.id, self._subnet(network).id
            self.peered = [self._peering(network)]
            self._resolve_privately(network)
            self._confine(network, hosts)
            if hosts:
                self._gateway(network)
        self.register_outputs({})

    def _network(self) -> compute.Network:
        return compute.Network(
            self._site.names.of("network"),
            project=self._site.project,
            auto_create_subnetworks=False,
            routing_mode="REGIONAL",
            opts=self._site.child(self),
        )

    def _subnet(self, network: compute.Network) -> compute.Subnetwork:
        return compute.Subnetwork(
            self._site.names.of("functions"),
            project=self._site.project,
            region=self._site.region,
            network=network.id,
            ip_cidr_range=FUNCTIONS,
            private_ip_google_access=True,
            opts=self._child,
        )

    def _peering(self, network: compute.Network) -> servicenetworking.Connection:
        """Connect the network with Google's own, in which the database has its address."""
        addresses = compute.GlobalAddress(
            self._site.names.of("services"),
            project=self._site.project,
            purpose="VPC_PEERING",
            address_type="INTERNAL",
            prefix_length=PEERING_BITS,
            network=network.id,
            opts=self._child,
        )
        return servicenetworking.Connection(
            "services",
            network=network.id,
            service="servicenetworking.googleapis.com",
            reserved_peering_ranges=[addresses.name],
            opts=self._child,
        )

    def _resolve_privately(self, network: compute.Network) -> None:
        zone = dns.ManagedZone(
            self._site.names.of("googleapis"),
            project=self._site.project,
            dns_name="googleapis.com.",
            visibility="private",
            private_visibility_config={"networks": [{"network_url": network.id}]},
            opts=self._child,
        )
        for kind, name, values in (
            ("A", "restricted.googleapis.com.", list(RESTRICTED)),
            ("CNAME", "*.googleapis.com.", ["restricted.googleapis.com."]),
        ):
            self.ready.append(
                dns.RecordSet(
                    f"googleapis-{kind.lower()}",
                    project=self._site.project,
                    managed_zone=zone.name,
                    name=name,
                    type=kind,
                    ttl=300,
                    rrdatas=values,
                    opts=self._child,
                )
            )

    def _confine(self, network: compute.Network, hosts: Sequence[str]) -> None:
        policy = compute.NetworkFirewallPolicy(
            self._site.names.of("egress"),
            project=self._site.project,
            description="What functions reach, and nothing else",
            opts=self._site.child(self),
        )
        rules: list[tuple[str, int, str, compute.NetworkFirewallPolicyRuleMatchArgsDict]] = [
            ("inside", 1_000, "allow", {"dest_ip_ranges": list(INSIDE), "layer4_configs": [{"ip_protocol": "tcp"}]}),
            ("google", 1_010, "allow", {"dest_ip_ranges": [RESTRICTED_RANGE], "layer4_configs": TLS}),
            ("nowhere-else", LAST, "deny", {"dest_ip_ranges": [ANYWHERE], "layer4_configs": [{"ip_protocol": "all"}]}),
        ]
        if hosts:
            rules.append(("hosts", 1_020, "allow", {"dest_fqdns": list(hosts), "layer4_configs": TLS}))
        for name, priority, action, match in rules:
            compute.NetworkFirewallPolicyRule(
                f"egress-{name}",
                project=self._site.project,
                firewall_policy=policy.name,
                rule_name=name,
                priority=priority,
                direction="EGRESS",
                action=action,
                match=match,
                enable_logging=action == "deny",
                opts=self._child,
            )
        self.ready.append(
            compute.NetworkFirewallPolicyAssociation(
                "egress",
                project=self._site.project,
                firewall_policy=policy.name,
                attachment_target=network.id,
                opts=self._child,
            )
        )

    def _gateway(self, network: compute.Network) -> None:
        router = compute.Router(
            self._site.names.of("router"),
            project=self._site.project,
            region=self._site.region,
            network=network.id,
            opts=self._child,
        )
        compute.RouterNat(
            self._site.names.of("gateway"),
            project=self._site.project,
            region=self._site.region,
            router=router.name,
            nat_ip_allocate_option="AUTO_ONLY",
            source_subnetwork_ip_ranges_to_nat="ALL_SUBNETWORKS_ALL_IP_RANGES",
            opts=self._child,
        )


TLS: list[compute.NetworkFirewallPolicyRuleMatchLayer4ConfigArgsDict] = [{"ip_protocol": "tcp", "ports": ["443"]}]
