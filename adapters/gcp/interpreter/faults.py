"""The errors of a running workflow: values that are raised, caught and raised again.

A fault carries the map that `except: as: e` shows: `tags` and `message`, for an HTTP error `code`, `headers` and
`body` as well. What a workflow raises itself may be any map, or a string.
Pages: syntax/error-types, syntax/raising-errors, access-execution-results.
"""

from __future__ import annotations

from typing import Any, Final


class Fault(Exception):
    """Carry a raised value to the `except` that catches it, or out of the execution."""

    def __init__(self, value: Any, *, tag: str = "") -> None:
        super().__init__(value)
        self.value = value
        self.tag = tag
        self.context = ""
        self.tagged = False

    def at(self, step: str, routine: str, line: int) -> None:
        """Note where it was raised, unless that is known already."""
        if not self.context:
            self.context = f'in step "{step}", routine "{routine}", line: {line}'


class Ended(BaseException):
    """End an execution at once, past every `except`: a limit on which nothing can go on."""

    def __init__(self, fault: Fault) -> None:
        super().__init__(fault)
        self.fault = fault


RELATED_TAGS: Final = {
    "ConnectionError": "OSError",
    "IndexError": "LookupError",
    "KeyError": "LookupError",
    "TimeoutError": "OSError",
    "ZeroDivisionError": "ArithmeticError",
}
"""Tags that were seen beside the documented one, and that no page promises."""


def fault(tag: str, message: str) -> Fault:
    """Build the error that Workflows raises by itself."""
    return Fault({"message": f"{tag}: {message}", "tags": [tag]}, tag=tag)


def type_fault(message: str) -> Fault:
    """Build the error for an operation on a value of another type."""
    return fault("TypeError", message)


def value_fault(message: str) -> Fault:
    """Build the error for a value that has the right type and is wrong."""
    return fault("ValueError", message)


def limit_fault(message: str) -> Fault:
    """Build the error for a limit that is exceeded."""
    return fault("ResourceLimitError", message)


def http_fault(code: int, headers: dict[str, Any], body: Any) -> Fault:
    """Build the error for a response that says that the request failed."""
    message = f"HTTP server responded with error code {code}"
    value = {"message": message, "tags": ["HttpError"], "code": code, "headers": headers, "body": body}
    return Fault(value, tag="HttpError")
