"""More of what Google Cloud documents: what must be there, and what somebody must be allowed, before a resource is."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Iterator

from google_computed import AGENTS, PROJECT_NUMBER
from google_preconditions import (
    ACCOUNT,
    BUCKET,
    FUNCTION,
    INSTANCE,
    JOB,
    SECRET,
    SUBNET,
    SUBSCRIPTION,
    TICK,
    TOPIC,
    WORKFLOW,
    on,
)
from preconditions import GOOGLE, Asked, World, rule

REPOSITORY = "gcp:artifactregistry/repository:Repository"
USES_OF_KEYS = "gcp:kms/cryptoKeyIAMMember:CryptoKeyIAMMember"
MAY_USE = "roles/cloudkms.cryptoKeyEncrypterDecrypter"
ENCRYPTED = (TOPIC, BUCKET, REPOSITORY, FUNCTION, INSTANCE, WORKFLOW, SECRET)
DOMAINS = {**AGENTS, "storage": "gs-project-accounts"}


def keys_of(asked: Asked) -> Iterator[tuple[str | None, Iterable[str]]]:
    """Yield the keys that a resource is encrypted with, and the services whose agents use each."""
    match asked.token:
        case _ if asked.token == TOPIC:
            yield asked["kmsKeyName"], ["pubsub"]
        case _ if asked.token == BUCKET:
            yield asked["encryption.defaultKmsKeyName"], ["storage"]
        case _ if asked.token == REPOSITORY:
            yield asked["kmsKeyName"], ["artifactregistry"]
        case _ if asked.token == FUNCTION:
            yield asked["kmsKeyName"], ["cloudfunctions", "run", "artifactregistry", "storage"]
        case _ if asked.token == INSTANCE:
            yield asked["encryptionKeyName"], ["sqladmin"]
        case _ if asked.token == WORKFLOW:
            yield asked["cryptoKeyName"], ["workflows"]
        case _:
            for replica in asked.listed("replication.userManaged.replicas"):
                yield (replica.get("customerManagedEncryption") or {}).get("kmsKeyName"), ["secretmanager"]


@rule(*ENCRYPTED, source=f"{GOOGLE}/kms/docs/cmek#grant-permission")
def the_agent_of_a_service_may_use_the_key_that_it_encrypts_with(asked: Asked, world: World) -> str:
    uses = {(one["cryptoKeyId"], one["member"]) for one in world.of(USES_OF_KEYS) if one["role"] == MAY_USE}
    for key, services in keys_of(asked):
        for service in services if key else ():
            agent = f"serviceAccount:service-{PROJECT_NUMBER}@{DOMAINS[service]}.iam.gserviceaccount.com"
            if (key, agent) not in uses:
                return f"{agent} may not use {key}"
    return ""


@rule(*ENCRYPTED, source=f"{GOOGLE}/kms/docs/cmek#cmek_integrations")
def a_key_is_in_the_region_of_what_it_encrypts(asked: Asked, world: World) -> str:
    region = asked["location"] or asked["region"]
    for key, _ in keys_of(asked):
        found = re.search(r"/locations/([^/]+)/", key or "")
        if region and found and found[1].lower() != region.lower():
            return f"it is in {found[1]}, and not in {region}"
    return ""


@rule(FUNCTION, source=f"{GOOGLE}/functions/docs/securing/cmek")
def the_images_of_a_function_with_a_key_have_the_same_key(function: Asked, world: World) -> str:
    key = function["kmsKeyName"]
    repository = world.get(function["buildConfig.dockerRepository"] or "")
    return "" if key is None or (repository and repository["kmsKeyName"] == key) else "they have not"


@rule("gcp:projects/serviceIdentity:ServiceIdentity", source=f"{GOOGLE}/iam/docs/create-service-agents")
def a_service_has_an_agent_once_it_is_on(identity: Asked, world: World) -> str:
    name = str(identity["service"]).removesuffix(".googleapis.com")
    return "" if on(world, name) else f"{name} is off"


@rule(SUBSCRIPTION, source=f"{GOOGLE}/pubsub/docs/create-push-subscription")
def a_subscription_is_of_a_topic_that_is_there(subscription: Asked, world: World) -> str:
    named = str(subscription["topic"])
    there = world.get(named) or any(one["name"] == named for one in world.of(TOPIC))
    return "" if there else f"{named} is not"


@rule(SUBSCRIPTION, source=f"{GOOGLE}/pubsub/docs/handling-failures#grant_forwarding_permissions")
def dead_letters_go_to_a_topic_that_is_there(subscription: Asked, world: World) -> str:
    named = subscription["deadLetterPolicy.deadLetterTopic"]
    return "" if named is None or world.get(named) else f"{named} is not"


@rule(FUNCTION, JOB, SUBSCRIPTION, TICK, source=f"{GOOGLE}/iam/docs/attach-service-accounts")
def what_runs_or_speaks_as_an_account_has_one_that_is_there(asked: Asked, world: World) -> str:
    there = {one["email"] for one in world.outputs(ACCOUNT)}
    named = [
        asked["serviceConfig.serviceAccountEmail"],
        asked["template.template.serviceAccount"],
        asked["pushConfig.oidcToken.serviceAccountEmail"],
        asked["httpTarget.oidcToken.serviceAccountEmail"],
    ]
    missing = [one for one in named if one and one not in there]
    return f"{missing[0]} is not" if missing else ""


@rule("gcp:logging/projectSink:ProjectSink", source=f"{GOOGLE}/logging/docs/export/configure_export_v2")
def logs_go_to_a_bucket_that_is_there(sink: Asked, world: World) -> str:
    named = str(sink["destination"]).removeprefix("logging.googleapis.com/")
    here = named.startswith(f"projects/{sink['project']}/")
    return f"{named} is not" if here and world.get(named) is None else ""


@rule(SUBNET, source=f"{GOOGLE}/vpc/docs/subnets#ipv4-ranges")
def subnets_of_a_network_do_not_overlap(subnet: Asked, world: World) -> str:
    mine = ipaddress.ip_network(str(subnet["ipCidrRange"]))
    for other in world.of(SUBNET):
        if other["network"] == subnet["network"] and mine.overlaps(ipaddress.ip_network(str(other["ipCidrRange"]))):
            return f"{mine} and {other['ipCidrRange']}"
    return ""


SUPPORTED = f"{GOOGLE}/resource-manager/docs/organization-policy/defining-locations-supported-services"
CONFINED = (TOPIC, BUCKET, REPOSITORY, FUNCTION, INSTANCE, WORKFLOW, SECRET, SUBNET, "gcp:kms/keyRing:KeyRing")


@rule(*CONFINED, source=SUPPORTED)
def what_is_made_is_where_the_policy_of_its_project_allows_it(asked: Asked, world: World) -> str:
    policy = world.get(f"projects/{asked['project']}/policies/gcp.resourceLocations")
    if policy is None:
        return ""
    allowed = {value for one in policy.listed("spec.rules") for value in one["values"]["allowedValues"]}
    wanted = [asked["location"], asked["region"], *asked.listed("messageStoragePolicy.allowedPersistenceRegions")]
    wanted += [one["location"] for one in asked.listed("replication.userManaged.replicas")]
    wrong = [one for one in wanted if one and f"in:{one.lower()}-locations" not in allowed]
    return f"{wrong[0]} is not allowed" if wrong else ""
