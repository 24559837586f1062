"""The brokerage's ports for a trading day of one's own: prices and verdicts from its folder, where it has them."""

from __future__ import annotations

from pathlib import Path

from isthmus.adapters.venues.paper import PaperVenue
from isthmus.adapters.venues.reference_data import FilePrices, FileSurveillance
from isthmus.contracts.compliance import Surveillance
from isthmus.contracts.execution import Venue
from isthmus.contracts.market import Prices
from isthmus.core import App, Configuration


class DayFolder:
    """Be the configuration of what reads a day's files, and has no secrets."""

    def __init__(self, folder: Path) -> None:
        self.folder = str(folder)

    def secret(self, name: str) -> str:
        """Return no secret."""
        raise KeyError(name)


class DayVenue(PaperVenue):
    """Be the paper venue, at the prices of a day's folder."""

    def __init__(self, configuration: Configuration, prices: Prices) -> None:
        super().__init__(configuration)
        self._prices = prices


def bind_day(app: App, folder: Path) -> None:
    """Bind the market's ports of an App to a day's folder, on the laptop."""
    place = DayFolder(folder)

    def venue(configuration: Configuration) -> DayVenue:
        return DayVenue(configuration, FilePrices(place))

    app.bind(Prices, lambda: FilePrices(place), on="local")
    app.bind(Surveillance, lambda: FileSurveillance(place), on="local")
    app.bind(Venue, venue, on="local")
