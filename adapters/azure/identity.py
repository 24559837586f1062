"""Identity: whom this process is to Azure, asked once for all that it reaches."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from azure.identity import DefaultAzureCredential


@cache
def identity() -> DefaultAzureCredential:
    """Return the credential of this process: a managed identity in Azure, whoever signed in elsewhere."""
    from azure.identity import DefaultAzureCredential  # noqa: PLC0415  # about a second, and only when it is needed

    return DefaultAzureCredential()
