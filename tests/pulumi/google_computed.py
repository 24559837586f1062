"""What Google Cloud computes: ids as its provider writes them, and outputs that programs put together or take apart.

Written by hand, from the pages of each type under pulumi.com/registry/packages/gcp ("Import" shows the ids).
"""

from __future__ import annotations

import hashlib
from typing import Any

PROJECT_NUMBER = "123456789012"
REGION = "europe-west1"
AGENTS = {
    "artifactregistry": "gcp-sa-artifactregistry",
    "cloudfunctions": "gcf-admin-robot",
    "pubsub": "gcp-sa-pubsub",
    "run": "serverless-robot-prod",
    "secretmanager": "gcp-sa-secretmanager",
    "sqladmin": "gcp-sa-cloud-sql",
    "workflows": "gcp-sa-workflows",
}
"""The domains of service agents: cloud.google.com/iam/docs/service-agents."""

NAME_PROPERTY = {
    "gcp:artifactregistry/repository:Repository": "repositoryId",
    "gcp:billing/budget:Budget": "displayName",
    "gcp:logging/projectBucketConfig:ProjectBucketConfig": "bucketId",
    "gcp:secretmanager/secret:Secret": "secretId",
    "gcp:serviceaccount/account:Account": "accountId",
}
"""The input that holds the name; `name` for all others."""

IN_PLACE = {"gcp:billing/budget:Budget", "gcp:storage/bucketObject:BucketObject"}
GLOBAL_COMPUTE = {
    "compute/network:Network": "networks",
    "compute/globalAddress:GlobalAddress": "addresses",
    "compute/networkFirewallPolicy:NetworkFirewallPolicy": "firewallPolicies",
    "compute/route:Route": "routes",
}
REGIONAL_COMPUTE = {"compute/subnetwork:Subnetwork": "subnetworks", "compute/router:Router": "routers"}
OF_A_PROJECT = {
    "pubsub/topic:Topic": "topics",
    "pubsub/subscription:Subscription": "subscriptions",
    "secretmanager/secret:Secret": "secrets",
    "dns/managedZone:ManagedZone": "managedZones",
    "logging/projectExclusion:ProjectExclusion": "exclusions",
    "logging/projectSink:ProjectSink": "sinks",
    "monitoring/notificationChannel:NotificationChannel": "notificationChannels",
}
OF_A_LOCATION = {
    "artifactregistry/repository:Repository": "repositories",
    "cloudfunctionsv2/function:Function": "functions",
    "cloudrunv2/job:Job": "jobs",
    "cloudscheduler/job:Job": "jobs",
    "kms/keyRing:KeyRing": "keyRings",
    "logging/projectBucketConfig:ProjectBucketConfig": "buckets",
    "workflows/workflow:Workflow": "workflows",
}


OF_THE_PROJECT = {"gcp:projects/service:Service", "gcp:projects/serviceIdentity:ServiceIdentity"}
"""What is a project's and not a stack's: made again it is as it was, and it stays when a stack goes.

cloud.google.com/service-usage/docs/enable-disable; the program leaves APIs on (`disableOnDestroy`).
"""


def digest(*parts: object) -> str:
    """Return a digest that is the same for the same parts."""
    return hashlib.sha256("/".join(map(str, parts)).encode()).hexdigest()


def identity(token: str, inputs: dict[str, Any], configured: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    """Return the id of a resource and its computed outputs."""
    kind = token.removeprefix("gcp:")
    project = inputs.get("project") or configured.get("project") or "no-project"
    region = inputs.get("location") or inputs.get("region") or configured.get("region") or REGION
    name = str(inputs.get(NAME_PROPERTY.get(token, "name")) or digest(token, sorted(inputs.items(), key=str))[:12])
    path = path_of(kind, inputs, project, region, name)
    return path, {"project": project, **outputs(kind, inputs, project, region, name, path)}


def path_of(kind: str, inputs: dict[str, Any], project: str, region: str, name: str) -> str:
    """Return the id that the provider gives a resource."""
    if kind in GLOBAL_COMPUTE:
        return f"projects/{project}/global/{GLOBAL_COMPUTE[kind]}/{name}"
    if kind in REGIONAL_COMPUTE:
        return f"projects/{project}/regions/{region}/{REGIONAL_COMPUTE[kind]}/{name}"
    if kind in OF_A_PROJECT:
        return f"projects/{project}/{OF_A_PROJECT[kind]}/{name}"
    if kind in OF_A_LOCATION:
        return f"projects/{project}/locations/{region}/{OF_A_LOCATION[kind]}/{name}"
    match kind:
        case "organizations/project:Project":
            return f"projects/{inputs['projectId']}"
        case "orgpolicy/policy:Policy":
            return name
        case "serviceaccount/account:Account":
            return f"projects/{project}/serviceAccounts/{name}@{project}.iam.gserviceaccount.com"
        case "storage/bucket:Bucket" | "sql/databaseInstance:DatabaseInstance":
            return name
        case "storage/bucketObject:BucketObject":
            return f"{inputs['bucket']}-{name}"
        case "sql/database:Database":
            return f"projects/{project}/instances/{inputs['instance']}/databases/{name}"
        case "sql/user:User":
            return f"{name}//{inputs['instance']}"
        case "kms/cryptoKey:CryptoKey":
            return f"{inputs['keyRing']}/cryptoKeys/{name}"
        case "secretmanager/secretVersion:SecretVersion":
            return f"{inputs['secret']}/versions/1"
        case "projects/service:Service":
            return f"{project}/{inputs['service']}"
        case "projects/serviceIdentity:ServiceIdentity":
            return f"projects/{project}/services/{inputs['service']}"
        case "dns/recordSet:RecordSet":
            return f"projects/{project}/managedZones/{inputs['managedZone']}/rrsets/{name}/{inputs['type']}"
        case "billing/budget:Budget":
            return f"billingAccounts/{inputs['billingAccount']}/budgets/{digest(name)[:12]}"
        case "compute/networkFirewallPolicyRule:NetworkFirewallPolicyRule":
            return f"projects/{project}/global/firewallPolicies/{inputs['firewallPolicy']}/{inputs['priority']}"
        case _ if "member" in inputs and "role" in inputs:
            return "/".join([kind, *(str(inputs[key]) for key in sorted(inputs))])
        case _:
            return f"projects/{project}/{kind.partition(':')[2]}/{name}"


def outputs(kind: str, inputs: dict[str, Any], project: str, region: str, name: str, path: str) -> dict[str, Any]:
    """Return what the cloud answers beside the inputs."""
    match kind:
        case "organizations/project:Project":
            return {"number": PROJECT_NUMBER}
        case "serviceaccount/account:Account":
            email = path.rpartition("/")[2]
            number = str(int(digest(email)[:16], 16))
            return {"email": email, "member": f"serviceAccount:{email}", "name": path, "uniqueId": number}
        case "projects/serviceIdentity:ServiceIdentity":
            domain = AGENTS[inputs["service"].removesuffix(".googleapis.com")]
            email = f"service-{PROJECT_NUMBER}@{domain}.iam.gserviceaccount.com"
            return {"email": email, "member": f"serviceAccount:{email}"}
        case "storage/bucket:Bucket":
            return {"url": f"gs://{name}", "selfLink": f"https://www.googleapis.com/storage/v1/b/{name}"}
        case "storage/bucketObject:BucketObject":
            return {"generation": int(digest(name)[:8], 16), "outputName": name}
        case "sql/databaseInstance:DatabaseInstance":
            return {"connectionName": f"{project}:{region}:{name}", "privateIpAddress": "10.81.0.3"}
        case "cloudfunctionsv2/function:Function":
            computed = {"uri": f"https://{name}-{digest(name)[:8]}-ew.a.run.app", "gcfUri": ""}
            service = f"projects/{project}/locations/{region}/services/{name}"
            config = {**(inputs.get("serviceConfig") or {}), **computed, "service": service}
            return {"serviceConfig": config, "url": f"https://{region}-{project}.cloudfunctions.net/{name}"}
        case "secretmanager/secret:Secret" | "logging/projectBucketConfig:ProjectBucketConfig":
            return {"name": path}
        case "monitoring/notificationChannel:NotificationChannel" | "billing/budget:Budget":
            return {"name": path}
        case _ if kind in GLOBAL_COMPUTE or kind in REGIONAL_COMPUTE:
            return {"selfLink": f"https://www.googleapis.com/compute/v1/{path}"}
        case _:
            return {}


def answered(function: str, arguments: dict[str, Any], configured: dict[str, Any]) -> dict[str, Any] | None:
    """Return what a function of the provider answers, or None when it has none of that name."""
    project = arguments.get("projectId") or arguments.get("project") or configured.get("project") or "no-project"
    match function:
        case "gcp:organizations/getProject:getProject":
            return {"id": project, "projectId": project, "number": PROJECT_NUMBER, "name": project, "labels": {}}
        case "gcp:storage/getProjectServiceAccount:getProjectServiceAccount":
            email = f"service-{PROJECT_NUMBER}@gs-project-accounts.iam.gserviceaccount.com"
            return {"id": email, "project": project, "emailAddress": email, "member": f"serviceAccount:{email}"}
        case "gcp:cloudrunv2/getService:getService":
            name, location = arguments["name"], arguments["location"]
            image = f"{location}-docker.pkg.dev/{project}/images/{name}@sha256:{digest(name)}"
            service = f"projects/{project}/locations/{location}/services/{name}"
            return {"id": service, "name": name, "templates": [{"containers": [{"image": image}]}]}
        case _:
            return None
