"""What serverless.yml may say: each wrong one is refused in the words that the framework has for it.

`frameworks.test.js` puts the same table before both frameworks.
"""

from __future__ import annotations

import copy
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from isthmus.adapters.cli.extras import missing

sys.path.insert(0, str(Path(__file__).parent))
from spelt import requested

pytestmark = pytest.mark.skipif(bool(missing("serverless")), reason="isthmus[serverless] is not installed")

TABLE = json.loads((Path(__file__).parent / "configurations.json").read_text("utf-8"))


def changed(path: list[str], value: Any) -> dict[str, Any]:
    configuration: dict[str, Any] = copy.deepcopy(TABLE["right"])
    inner = configuration
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = value
    return configuration


def refused(configuration: dict[str, Any]) -> list[str]:
    from isthmus.adapters.serverless.service import ServiceInvalid, service_of  # noqa: PLC0415  # an extra

    with pytest.raises(ServiceInvalid) as fault:
        service_of(requested(configuration))
    assert str(fault.value).startswith("serverless.yml: ")
    return list(fault.value.problems)


@pytest.mark.parametrize("wrong", TABLE["wrong"], ids=lambda wrong: wrong["name"])
def test_a_wrong_configuration_is_refused_in_the_words_of_the_framework(wrong: dict[str, Any]) -> None:
    assert sorted(refused(changed(wrong["at"], wrong["value"]))) == sorted(wrong["said"])


OLD_EVENTS = {
    "serverless-azure-functions": [
        *("timer", "serviceBus", "eventHub", "eventGrid", "cosmosDB", "blob", "apiHubFile", "manual"),
        *("apiHubTable", "bot", "mobileTable", "notificationHub", "sendGrid", "table", "twilioSms"),
    ],
    "serverless-google-cloudfunctions": ["event", "pubSub"],
}


@pytest.mark.parametrize("event", [one for events in OLD_EVENTS.values() for one in events])
def test_every_event_of_the_two_old_plugins_is_answered_with_what_to_write(event: str) -> None:
    for value in (True, "name", {"name": "x"}):
        [said] = refused(changed(["functions", "sweep", "events"], [{event: value, "connection": "beside"}]))
        assert said.startswith(f"at 'functions.sweep.events.0': {event} is not said here: ")


def test_what_is_null_is_not_there() -> None:
    from isthmus.adapters.serverless.service import service_of  # noqa: PLC0415  # an extra

    service = service_of(requested(changed(["provider", "region"], None)))

    assert service.provider.region is None


@pytest.mark.parametrize(("key", "owner"), [("subscription", "azure"), ("project", "google")])
def test_a_stage_has_one_cloud(key: str, owner: str) -> None:
    values = {"subscription": "00000000-0000-0000-0000-000000000000", "project": "orders-eu"}
    other = {"azure": "google", "google": "azure"}[owner]
    configuration = changed(["provider"], {"name": "isthmus", "cloud": other, key: values[key]})

    [said] = refused(configuration)
    assert said.startswith(f"at 'provider.{key}': it is of {owner}, and this stage's cloud is {other}")


def test_an_app_that_is_named_is_not_described_too() -> None:
    [*said] = refused(changed(["custom"], {"isthmus": {"app": "booth:app"}}))

    assert [one.partition(":")[0] for one in said] == ["at 'functions'", "at 'workflows'"]


def test_a_service_without_functions_names_an_app() -> None:
    [said] = refused({"service": "kiosk", "provider": {"name": "isthmus"}})

    assert "name an App in custom.isthmus.app" in said


def test_no_value_of_a_configuration_is_in_what_is_said_of_it() -> None:
    from isthmus.adapters.serverless.schema import problems_of  # noqa: PLC0415  # an extra

    secret = "hunter2-planted"
    for path in (["provider", "secrets"], ["provider", "environment"], ["custom"], ["functions", "sweep", "handler"]):
        for value in (secret + "!", {"a b": secret}, [secret], {"isthmus": {"database": [secret]}}):
            assert secret not in "\n".join(problems_of(changed(path, value)))


def test_another_version_of_the_plugin_is_refused_with_the_one_to_install() -> None:
    from isthmus.adapters.serverless.service import RequestInvalid, request_from  # noqa: PLC0415  # an extra

    asked = json.dumps({"plugin": "0.0.9", "stage": "dev", "options": {}, "configuration": {}}).encode()

    with pytest.raises(RequestInvalid, match=r"serverless-isthmus@0\.1\.0, or isthmus==0\.0\.9"):
        request_from(asked, "0.1.0")
    with pytest.raises(RequestInvalid, match="run serverless, osls or sls"):
        request_from(b"", "0.1.0")
