"""Calling another unit: the work of one of its contracts, asked for over HTTP in the name of this app's identity.

    ISTHMUS_UNIT_<NAME>_URL      where the unit listens: https://<app>.azurewebsites.net
    ISTHMUS_UNIT_<NAME>_SCOPE    what a token is asked for: api://<application id>/.default

That a unit does not answer is a fault of the activity, which is tried again, and never an attempt of the handler.
"""

from __future__ import annotations

from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import Final
from urllib.parse import SplitResult, urlsplit

import msgspec

from isthmus.adapters.runtime.host import Host
from isthmus.adapters.runtime.settings import setting
from isthmus.core.codec import UNREADABLE
from isthmus.core.errors import EnvironmentFault

CONTRACTS: Final = "contracts"
"""The path below which a unit has a function for each of its contracts."""

SECONDS_MAX: Final = 240
"""The platform gives up on a request after 230 seconds; what is still under way then is found recorded later."""

OK: Final = 200
ON_THIS_MACHINE: Final = "127.0.0.1"


class UnitUnavailable(EnvironmentFault):
    """Report a unit that does not answer, or turns its caller away."""

    code = "ISTH363"


class _Problem(msgspec.Struct, frozen=True):
    """Be what a problem says that may be told."""

    code: str = ""


def url_setting(unit: str) -> str:
    """Return the name of the setting that says where a unit listens."""
    return f"ISTHMUS_UNIT_{setting_part(unit)}_URL"


def scope_setting(unit: str) -> str:
    """Return the name of the setting that says what a token for a unit is asked for."""
    return f"ISTHMUS_UNIT_{setting_part(unit)}_SCOPE"


def setting_part(unit: str) -> str:
    """Return a unit's name as a part of settings' names."""
    return unit.upper().replace("-", "_")


def call_unit(host: Host, unit: str, contract: str, body: bytes) -> bytes:
    """Have another unit do the work, and return its reply. Raises SettingMissing (ISTH360), UnitUnavailable (ISTH363).

    No redirect is followed: the token is for the unit alone.
    """
    place = f"unit {unit}"
    url = urlsplit(setting(url_setting(unit)))
    connection = _connection(url, place)
    headers = {
        "authorization": f"Bearer {host.token(setting(scope_setting(unit)))}",
        "content-type": "application/json",
    }
    try:
        connection.request("POST", f"{url.path.rstrip('/')}/{CONTRACTS}/{contract}", body, headers)
        response = connection.getresponse()
        answer = response.read()
    except (OSError, HTTPException) as error:
        raise UnitUnavailable(f"it does not answer: {type(error).__name__}", place=place) from error
    finally:
        connection.close()
    if response.status != OK:
        raise UnitUnavailable(f"it answered {response.status} {_code_of(answer)}".rstrip(), place=place)
    return answer


def _connection(url: SplitResult, place: str) -> HTTPConnection:
    if url.scheme == "https" and url.hostname:
        return HTTPSConnection(url.hostname, url.port, timeout=SECONDS_MAX)
    if url.scheme == "http" and url.hostname == ON_THIS_MACHINE:
        return HTTPConnection(url.hostname, url.port, timeout=SECONDS_MAX)
    raise UnitUnavailable("its URL is not https: a token is not sent there", place=place, instead="write https://…")


def _code_of(answer: bytes) -> str:
    try:
        return msgspec.json.decode(answer, type=_Problem).code
    except UNREADABLE:
        return ""
