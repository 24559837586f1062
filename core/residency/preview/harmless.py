"""Types of resources that hold no data of an app, reviewed one by one, each group with its reason.

What is on no list is not assumed to be harmless: of it a finding says that it cannot be known.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

HARMLESS: Final[Mapping[str, str]] = {
    # Who may do what
    "azure-native:authorization:RoleAssignment": "who may do what",
    "azure-native:authorization:RoleDefinition": "who may do what",
    "azure-native:authorization:PolicyAssignment": "a rule that Azure enforces",
    "azure-native:authorization:PolicyDefinition": "a rule that Azure enforces",
    "azure-native:authorization:ManagementLockByScope": "it forbids deleting",
    "azure-native:managedidentity:UserAssignedIdentity": "an identity",
    "azure-native:managedidentity:FederatedIdentityCredential": "an identity",
    "gcp:serviceaccount/account:Account": "an identity",
    "gcp:iam/workloadIdentityPool:WorkloadIdentityPool": "identities of others",
    "gcp:iam/workloadIdentityPoolProvider:WorkloadIdentityPoolProvider": "identities of others",
    "gcp:projects/iAMCustomRole:IAMCustomRole": "who may do what",
    "gcp:projects/organizationPolicy:OrganizationPolicy": "a rule that Google enforces",
    "gcp:orgpolicy/policy:Policy": "a rule that Google enforces",
    "gcp:projects/service:Service": "it turns an API on",
    "gcp:projects/serviceIdentity:ServiceIdentity": "an identity of Google's",
    # Names and ways
    "azure-native:network:Subnet": "a part of a network",
    "azure-native:network:VirtualNetworkPeering": "a way between networks",
    "azure-native:network:PrivateDnsZoneGroup": "a name in a network",
    "azure-native:network:SecurityRule": "what reaches what",
    "azure-native:network:Route": "a way in a network",
    "azure-native:network:FirewallPolicyRuleCollectionGroup": "what reaches what",
    "azure-native:privatedns:PrivateZone": "names in a network",
    "azure-native:privatedns:PrivateRecordSet": "names in a network",
    "azure-native:privatedns:VirtualNetworkLink": "names in a network",
    "azure-native:dns:Zone": "names",
    "azure-native:dns:RecordSet": "names",
    "azure-native:trafficmanager:Profile": "names: no request passes through it",
    "azure-native:web:WebAppHostNameBinding": "a name",
    "azure-native:web:WebAppVnetConnection": "a way into a network",
    "azure-native:web:WebAppSwiftVirtualNetworkConnection": "a way into a network",
    "gcp:compute/network:Network": "a network",
    "gcp:compute/firewall:Firewall": "what reaches what",
    "gcp:compute/networkFirewallPolicy:NetworkFirewallPolicy": "what reaches what",
    "gcp:compute/networkFirewallPolicyRule:NetworkFirewallPolicyRule": "what reaches what",
    "gcp:compute/networkFirewallPolicyAssociation:NetworkFirewallPolicyAssociation": "what reaches what",
    "gcp:compute/route:Route": "a way in a network",
    "gcp:compute/networkPeering:NetworkPeering": "a way between networks",
    "gcp:compute/networkPeeringRoutesConfig:NetworkPeeringRoutesConfig": "a way between networks",
    "gcp:compute/globalAddress:GlobalAddress": "a reserved range of a network",
    "gcp:servicenetworking/connection:Connection": "a way between networks",
    "gcp:dns/managedZone:ManagedZone": "names",
    "gcp:dns/recordSet:RecordSet": "names",
    "gcp:compute/healthCheck:HealthCheck": "a question whether something is there",
    "gcp:compute/uRLMap:URLMap": "which path leads where; what it serves is judged at its forwarding rule",
    "gcp:compute/targetHttpsProxy:TargetHttpsProxy": "a part of a load balancer; judged at its forwarding rule",
    "gcp:compute/managedSslCertificate:ManagedSslCertificate": "a certificate, which is public",
    # What things are in
    "gcp:organizations/project:Project": "it holds resources, each of which is judged",
    # What is watched and paid
    "azure-native:consumption:Budget": "what may be spent",
    "azure-native:monitor:ActionGroup": "whom an alert tells",
    "azure-native:monitor:MetricAlert": "a rule over counts",
    "azure-native:monitor:ActivityLogAlert": "a rule over what administrators do",
    "gcp:billing/budget:Budget": "what may be spent",
    "gcp:monitoring/alertPolicy:AlertPolicy": "a rule over counts",
    "gcp:monitoring/notificationChannel:NotificationChannel": "whom an alert tells",
    "gcp:monitoring/dashboard:Dashboard": "how counts are drawn",
    "gcp:logging/projectExclusion:ProjectExclusion": "what is not kept",
    "gcp:essentialcontacts/contact:Contact": "whom Google tells",
    # What Pulumi makes by itself
    "random:index/randomId:RandomId": "a part of a name",
    "random:index/randomString:RandomString": "a part of a name",
    "random:index/randomPet:RandomPet": "a part of a name",
    "time:index/sleep:Sleep": "it waits",
    "time:index/static:Static": "a time",
}
"""By type, why it holds no data of an app."""

PERMISSION: Final = re.compile(r"^gcp:[a-z0-9]+/.*(IAM|Iam)(Member|Binding|Policy|AuditConfig)$")
"""Google's types for who may do what at a resource, which every service has."""


def is_harmless(token: str) -> bool:
    """Say whether a type was reviewed and holds no data of an app."""
    return token in HARMLESS or PERMISSION.match(token) is not None
