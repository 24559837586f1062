"""What stands behind the port `CountryRisk`: a list on a laptop, a service in a cloud."""

from __future__ import annotations

import json
from typing import Final
from urllib.parse import quote
from urllib.request import Request, urlopen

from isthmus.core import Configuration

RATINGS: Final = {"AT": "low", "CH": "low", "DE": "low", "FR": "low", "IE": "low", "PA": "high", "KP": "barred"}


class ListedRisk:
    """Rate countries by a list that comes with the app."""

    def rating(self, country: str) -> str:
        """Return the rating of a country."""
        return RATINGS.get(country, "barred")


class ServiceRisk:
    """Rate countries by asking a service, with the token that was declared where the port is bound."""

    def __init__(self, configuration: Configuration) -> None:
        self._token = configuration.secret("risk-token")

    def rating(self, country: str) -> str:
        """Return the rating of a country."""
        request = Request(
            f"https://risk.example/ratings/{quote(country, safe='')}",
            headers={"Authorization": f"Bearer {self._token}"},
        )
        with urlopen(request, timeout=5) as answer:
            return str(json.load(answer)["rating"])
