"""The app: who fulfils what, and what reaches it."""

from __future__ import annotations

from isthmus.core import App, endpoint, topic

from addresses.contracts import (
    AddressChanged,
    CountryRisk,
    SecondOpinion,
    change_address,
    count_change,
    keep_late_opinion,
)
from addresses.flow import change_by_four_eyes
from addresses.handlers import count_in_records, keep_in_records, keep_opinion, screen_by_rating
from addresses.risk import ListedRisk, ServiceRisk

app = App(
    "addresses",
    fulfils=[change_by_four_eyes, screen_by_rating, keep_in_records, count_in_records, keep_opinion],
    topics=[topic("addresses.changed", AddressChanged, key="client", subscribers=[count_change])],
    endpoints=[endpoint("POST", "/changes", starts=change_address)],
    late_events={SecondOpinion: keep_late_opinion},
)
app.bind(CountryRisk, ListedRisk, on="local")
app.bind(CountryRisk, ServiceRisk, on="azure", secrets=["risk-token"], hosts=["risk.example"], countries=["IE"])
app.bind(CountryRisk, ServiceRisk, on="google", secrets=["risk-token"], hosts=["risk.example"], countries=["IE"])
