"""Read the facts and the policies that come with Isthmus, and policies and listings from files."""

from __future__ import annotations

from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Final

import msgspec

from isthmus.core.errors import InputError
from isthmus.core.residency.availability import Listing, read_listing
from isthmus.core.residency.facts import CloudFacts, Facts, Geography
from isthmus.core.residency.policy import Policy
from isthmus.core.residency.policy_file import read_policy

HERE: Final = files("isthmus.adapters.residency")
REGIONS: Final = ("azure_regions.json", "google_regions.json")
PRESETS: Final = (
    "eu",
    "eu-data-boundary",
    "uk",
    "switzerland",
    "india-payments",
    "us",
    "singapore",
    "australia",
)


class PolicyUnreadable(InputError):
    """Report a policy or listing that is no file that can be read, and no preset."""

    code = "ISTH277"


@cache
def facts() -> Facts:
    """Return what is known of the regions of both clouds."""
    geography = msgspec.json.decode((HERE / "countries.json").read_bytes(), type=Geography, strict=True)
    clouds = [msgspec.json.decode((HERE / name).read_bytes(), type=CloudFacts, strict=True) for name in REGIONS]
    return Facts(geography, clouds)


def facts_bytes() -> bytes:
    """Return the facts as they come with Isthmus, for a digest of them."""
    return b"".join((HERE / name).read_bytes() for name in ("countries.json", *REGIONS))


def policy_text(reference: str) -> tuple[str, str]:
    """Return the name and the text of a policy: a preset's, a file's, or the text itself when it has several lines.

    Raises PolicyUnreadable (ISTH277).
    """
    if reference in PRESETS:
        return reference, (HERE / "presets" / f"{reference}.toml").read_text("utf-8")
    if "\n" in reference:
        return "policy", reference
    return reference, _read(Path(reference), f"presets are: {', '.join(PRESETS)}")


def policy_of(reference: str) -> Policy:
    """Return the policy that a preset's name, a file's path, or a whole text stands for.

    Raises PolicyUnreadable (ISTH277), PolicyInvalid (ISTH275).
    """
    name, text = policy_text(reference)
    return read_policy(text, facts(), name=name)


def listings_of(reference: str) -> list[Listing]:
    """Return what a listing says that is given as FILE or SERVICE=FILE; the file's name may be the service's.

    Raises PolicyUnreadable (ISTH277), ListingInvalid (ISTH276).
    """
    service, equals, path = reference.partition("=")
    file = Path(path if equals else reference)
    text = _read(file, "give what the cloud's command printed")
    said = service if equals else file.stem.replace("-", "_")
    return read_listing(text, facts(), name=str(file), service=said)


def _read(path: Path, instead: str) -> str:
    try:
        return path.read_text("utf-8")
    except FileNotFoundError:
        raise PolicyUnreadable("there is no such file", place=str(path), instead=instead) from None
    except (OSError, UnicodeDecodeError) as fault:
        raise PolicyUnreadable(f"it cannot be read: {fault}", place=str(path), instead=instead) from None
