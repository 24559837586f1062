"""The network: a subnet for each unit, and what may leave it.

10.80.0.0/16   a /22 for each unit and one for migrations: Cloud Run takes two addresses for each instance, in blocks
10.81.0.0/20   peered with Google's own network, where the database answers
199.36.153.4   restricted.googleapis.com: Google's APIs and the other units, inside Google's network, and nothing more

A unit reaches Google's APIs and the database; the hosts that its ports declare, by name and over TLS; nothing else.
A unit that declares no hosts has no address that the internet could answer.

https://cloud.google.com/run/docs/configuring/vpc-direct-vpc
https://cloud.google.com/vpc/docs/configure-private-google-access
https://cloud.google.com/firewall/docs/firewall-policies-rule-details
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import pulumi
from pulumi_gcp import compute, dns, servicenetworking

from isthmus.provision.demand import Demand, UnitDemand
from isthmus.provision.google_target.identity import MIGRATIONS
from isthmus.provision.google_target.site import Site

GOOGLE_APIS: Final = "199.36.153.4/30"
GOOGLE_API_ADDRESSES: Final = ("199.36.153.4", "199.36.153.5", "199.36.153.6", "199.36.153.7")
DATABASES: Final = ("10.81.0.0", 20)
EVERYWHERE: Final = "0.0.0.0/0"
INTERNET_GATEWAY: Final = "default-internet-gateway"
POSTGRESQL, HTTPS = "5432", "443"
DENY_THE_REST: Final = 65_000
HOSTS_FROM: Final = 1_000


class Network(pulumi.ComponentResource):
    """Make the network, or use the one that is there."""

    def __init__(self, site: Site, demand: Demand, parent: pulumi.Resource) -> None:
        super().__init__("isthmus:google:Network", "network", None, pulumi.ResourceOptions(parent=parent))
        self._site = site
        self.id: pulumi.Input[str]
        self.subnets: Mapping[str, pulumi.Input[str]]
        self.ready: list[pulumi.Resource] = []
        """What must be there before anything runs in the network."""
        self.peered: list[pulumi.Resource] = []
        """What must be there before a database is made."""
        names = [*(unit.name for unit in demand.units), MIGRATIONS]
        existing = site.stack.existing.network
        if existing:
            self.id = existing.network
            self.subnets = dict.fromkeys(names, existing.functions)
            self.subnets |= {MIGRATIONS: existing.migrations or existing.functions}
        else:
            made = self._network()
            self.id = made.id
            made_subnets = {name: self._subnet(made, name, place) for place, name in enumerate(names)}
            self.subnets = {name: one.id for name, one in made_subnets.items()}
            self._resolve_privately(made)
            self._peer(made)
            self._let_out(made, made_subnets, demand)
        self.register_outputs({})

    def _network(self) -> compute.Network:
        return compute.Network(
            self._site.names.of("network", longest=62),
            project=self._site.project,
            auto_create_subnetworks=False,
            delete_default_routes_on_create=True,
            routing_mode="REGIONAL",
            opts=self._site.options(self, "compute"),
        )

    def _subnet(self, network: compute.Network, name: str, place: int) -> compute.Subnetwork:
        return compute.Subnetwork(
            self._site.names.of(name, longest=62),
            project=self._site.project,
            region=self._site.region,
            network=network.id,
            ip_cidr_range=prefix_of(place),
            private_ip_google_access=True,
            opts=self._site.options(self, "compute"),
        )

    # Google's APIs

    def _resolve_privately(self, network: compute.Network) -> None:
        """Have the names of Google's APIs and of Cloud Run resolve to addresses inside Google's network."""
        self.ready.append(
            compute.Route(
                self._site.names.of("google-apis", longest=62),
                project=self._site.project,
                network=network.id,
                dest_range=GOOGLE_APIS,
                next_hop_gateway=INTERNET_GATEWAY,
                opts=self._site.options(self, "compute"),
            )
        )
        for domain, at in (("googleapis.com", "restricted.googleapis.com"), ("run.app", "run.app")):
            self._zone(network, domain, at)

    def _zone(self, network: compute.Network, domain: str, at: str) -> None:
        short = domain.replace(".", "-")
        zone = dns.ManagedZone(
            self._site.names.of(short, longest=62),
            project=self._site.project,
            dns_name=f"{domain}.",
            description=f"{domain}, inside Google's network",
            visibility="private",
            private_visibility_config={"networks": [{"network_url": network.id}]},
            labels=self._site.labels_of(()),
            opts=self._site.options(self, "dns"),
        )
        records = ((at, "A", list(GOOGLE_API_ADDRESSES)), (f"*.{domain}", "CNAME", [f"{at}."]))
        for name, kind, values in records:
            self.ready.append(
                dns.RecordSet(
                    f"{short}-{kind.lower()}",
                    project=self._site.project,
                    managed_zone=zone.name,
                    name=f"{name}.",
                    type=kind,
                    ttl=300,
                    rrdatas=values,
                    opts=self._site.options(self, "dns"),
                )
            )

    # The database

    def _peer(self, network: compute.Network) -> None:
        """Peer with the network that Cloud SQL is in: https://cloud.google.com/vpc/docs/configure-private-services-access."""
        address, length = DATABASES
        reserved = compute.GlobalAddress(
            self._site.names.of("databases", longest=62),
            project=self._site.project,
            address_type="INTERNAL",
            purpose="VPC_PEERING",
            address=address,
            prefix_length=length,
            network=network.id,
            opts=self._site.options(self, "compute"),
        )
        self.peered.append(
            servicenetworking.Connection(
                "databases",
                network=network.id,
                service="servicenetworking.googleapis.com",
                reserved_peering_ranges=[reserved.name],
                opts=self._site.options(self, "servicenetworking"),
            )
        )

    # What leaves

    def _let_out(self, network: compute.Network, subnets: dict[str, compute.Subnetwork], demand: Demand) -> None:
        policy = compute.NetworkFirewallPolicy(
            self._site.names.of("egress", longest=62),
            project=self._site.project,
            description="what may leave: Google's APIs, the database, the hosts that are declared",
            opts=self._site.options(self, "compute"),
        )
        address, length = DATABASES
        self._rule(policy, "google-apis", 100, HTTPS, to=[GOOGLE_APIS])
        self._rule(policy, "database", 200, POSTGRESQL, to=[f"{address}/{length}"])
        reaching = [unit for unit in demand.units if unit.hosts]
        for place, unit in enumerate(reaching):
            place_of_rule, of = HOSTS_FROM + place, subnets[unit.name].ip_cidr_range
            self._rule(policy, f"hosts-of-{unit.name}", place_of_rule, HTTPS, hosts=unit.hosts, of=of)
        self._rule(policy, "nothing-else", DENY_THE_REST, None, to=[EVERYWHERE])
        self.ready.append(
            compute.NetworkFirewallPolicyAssociation(
                self._site.names.of("egress", longest=62),
                project=self._site.project,
                attachment_target=network.id,
                firewall_policy=policy.name,
                opts=self._site.options(self, "compute"),
            )
        )
        if reaching:
            self._translate(network, [subnets[unit.name] for unit in reaching], reaching)

    def _rule(
        self,
        policy: compute.NetworkFirewallPolicy,
        name: str,
        priority: int,
        port: str | None,
        *,
        to: Sequence[str] = (),
        hosts: Sequence[str] = (),
        of: pulumi.Input[str] | None = None,
    ) -> None:
        """Let what leaves to some addresses or hosts through at one port, or stop it at all of them."""
        self.ready.append(
            compute.NetworkFirewallPolicyRule(
                name,
                project=self._site.project,
                firewall_policy=policy.name,
                rule_name=name,
                description="what leaves to it is let through" if port else "what leaves otherwise is stopped",
                direction="EGRESS",
                action="allow" if port else "deny",
                priority=priority,
                enable_logging=port is None,
                match={
                    "layer4_configs": [{"ip_protocol": "tcp", "ports": [port]} if port else {"ip_protocol": "all"}],
                    "dest_ip_ranges": list(to) or None,
                    "dest_fqdns": list(hosts) or None,
                    "src_ip_ranges": [of] if of else None,
                },
                opts=self._site.options(self, "compute"),
            )
        )

    def _translate(self, network: compute.Network, subnets: list[compute.Subnetwork], units: list[UnitDemand]) -> None:
        """Give the units that call hosts outside a way there; the others have none."""
        self.ready.append(
            compute.Route(
                self._site.names.of("outside", longest=62),
                project=self._site.project,
                network=network.id,
                dest_range=EVERYWHERE,
                next_hop_gateway=INTERNET_GATEWAY,
                description=f"for {', '.join(sorted({host for unit in units for host in unit.hosts}))}",
                opts=self._site.options(self, "compute"),
            )
        )
        router = compute.Router(
            self._site.names.of("router", longest=62),
            project=self._site.project,
            region=self._site.region,
            network=network.id,
            opts=self._site.options(self, "compute"),
        )
        self.ready.append(
            compute.RouterNat(
                self._site.names.of("outside", longest=62),
                project=self._site.project,
                region=self._site.region,
                router=router.name,
                nat_ip_allocate_option="AUTO_ONLY",
                source_subnetwork_ip_ranges_to_nat="LIST_OF_SUBNETWORKS",
                subnetworks=[{"name": one.id, "source_ip_ranges_to_nats": ["ALL_IP_RANGES"]} for one in subnets],
                log_config={"enable": True, "filter": "ERRORS_ONLY"},
                opts=self._site.options(self, "compute"),
            )
        )


def prefix_of(place: int) -> str:
    """Return the addresses of a subnet: 1,024 for each."""
    return f"10.80.{4 * place}.0/22"
