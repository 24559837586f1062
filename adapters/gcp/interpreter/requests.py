"""What an `http.*` call sends, and what its result is. Pages: http-requests, stdlib/http/request."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any, Final
from urllib.parse import urlencode, urlsplit, urlunsplit

from isthmus.adapters.gcp.interpreter.choices import Open
from isthmus.adapters.gcp.interpreter.faults import Fault, http_fault, limit_fault, type_fault, value_fault
from isthmus.adapters.gcp.interpreter.transport import Request, Response
from isthmus.adapters.gcp.interpreter.values import from_json, text_of, to_json, type_name

if TYPE_CHECKING:
    from isthmus.adapters.gcp.interpreter.choices import Answers
    from isthmus.adapters.gcp.interpreter.limits import Limits

METHODS: Final = frozenset({"GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH"})
AUTH_TYPES: Final = frozenset({"OIDC", "OAuth2"})
AUTH_KEYS: Final = frozenset({"type", "audience", "scope", "scopes"})
JSON: Final = "application/json; charset=utf-8"
FORM: Final = "application/x-www-form-urlencoded"
FAILED_FROM: Final = 400


def request_of(function: str, given: dict[str, Any], answers: Answers, limits: Limits) -> Request:
    """Build the request of a call. Raises TypeError and ValueError faults for arguments that cannot be."""
    method = given["method"] if function == "http.request" else function.removeprefix("http.").upper()
    if not isinstance(method, str):
        raise type_fault(f"method is a string; got: {type_name(method)}")
    if method not in METHODS:
        raise value_fault(f"{method} is none of {', '.join(sorted(METHODS))}")
    headers = _headers(given.get("headers"))
    body = _body(given["body"], headers, answers) if given.get("body") is not None else None
    url = _url(given["url"], given.get("query"), answers)
    timeout = timeout_of(given.get("timeout"), limits.http_timeout_seconds, limits.http_timeout_seconds_max)
    return Request(method, url, headers, body, _auth(given.get("auth")), timeout)


def timeout_of(value: Any, otherwise: float, most: float) -> float:
    """Return a timeout in seconds. Raises a fault unless it is a number above 0, and within what is allowed."""
    if value is None:
        return otherwise
    if type(value) not in (int, float):
        raise type_fault(f"timeout is a number; got: {type_name(value)}")
    if not 0 < value <= most or not math.isfinite(value):
        raise value_fault(f"timeout is above 0 and at most {most:g} seconds; got: {value}")
    return float(value)


def _url(url: Any, query: Any, answers: Answers) -> str:
    if not isinstance(url, str):
        raise type_fault(f"url is a string; got: {type_name(url)}")
    try:
        parts = urlsplit(url)
    except ValueError:
        raise value_fault(f"{url} is not a URL") from None
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise value_fault(f"{url} is not a URL of http or https")
    if query is None:
        return url
    if not isinstance(query, dict):
        raise type_fault(f"query is a map; got: {type_name(query)}")
    added = urlencode([(key, _parameter(one, answers)) for key, value in query.items() for one in _several(value)])
    return urlunsplit(parts._replace(query="&".join(part for part in (parts.query, added) if part)))


def _several(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _parameter(value: Any, answers: Answers) -> str:
    if value is None or isinstance(value, dict | list | bytes):
        raise type_fault(f"a query has strings, numbers, booleans and lists of them; got: {type_name(value)}")
    return text_of(value, answers)


def _headers(headers: Any) -> dict[str, str]:
    if headers is None:
        return {}
    if not isinstance(headers, dict) or not all(isinstance(value, str) for value in headers.values()):
        raise type_fault("headers is a map of strings")
    return dict(headers)


def _auth(auth: Any) -> dict[str, object] | None:
    if auth is None:
        return None
    if not isinstance(auth, dict):
        raise type_fault(f"auth is a map; got: {type_name(auth)}")
    if auth.get("type") not in AUTH_TYPES or not auth.keys() <= AUTH_KEYS:
        raise value_fault("auth has a type, OIDC or OAuth2, and may have audience, scope and scopes")
    return dict(auth)


def _body(body: Any, headers: dict[str, str], answers: Answers) -> bytes:
    named = next((value for name, value in headers.items() if name.lower() == "content-type"), None)
    if named is None:
        headers["Content-Type"] = "application/octet-stream" if isinstance(body, bytes) else JSON
        return body if isinstance(body, bytes) else to_json(body, answers)
    media = named.partition(";")[0].strip().lower()
    if isinstance(body, bytes):
        return body
    if media == "application/json" or media.endswith("+json"):
        return to_json(body, answers)
    if media == FORM and isinstance(body, dict):
        return urlencode([(key, _parameter(value, answers)) for key, value in body.items()]).encode()
    if isinstance(body, str):
        return body.encode()
    raise value_fault(f"a body of type {type_name(body)} cannot be written as {named}")


def result_of(response: Response, answers: Answers, limits: Limits) -> dict[str, Any]:
    """Return the result of a call. Raises an HttpError fault from status 400 on, and one for a body too long."""
    if len(response.body) > limits.response_bytes:
        raise limit_fault(f"a response of {len(response.body)} bytes, and {limits.response_bytes} are allowed")
    headers = {_cased(name, answers): value for name, value in response.headers.items()}
    body = _decoded(response, answers)
    if response.code >= FAILED_FROM:
        raise http_fault(response.code, headers, body)
    return {"code": response.code, "headers": headers, "body": body}


def _cased(name: str, answers: Answers) -> str:
    match answers.of(Open.HEADER_CASE):
        case 0:
            return name
        case 1:
            return name.lower()
        case _:
            return "-".join(part.capitalize() for part in name.split("-"))


def _decoded(response: Response, answers: Answers) -> Any:
    if not response.body:
        return None if answers.of(Open.EMPTY_BODY) == 0 else ""
    named = next((value for name, value in response.headers.items() if name.lower() == "content-type"), "")
    media = named.partition(";")[0].strip().lower()
    if media == "application/json" or media.endswith("+json"):
        try:
            return from_json(response.body, answers)
        except Fault:
            return response.body.decode("utf-8", "replace")
    if media.startswith("text/"):
        return response.body.decode("utf-8", "replace")
    return response.body
