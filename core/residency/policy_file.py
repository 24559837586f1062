"""Reading a policy: a TOML file that a compliance officer can read, and nothing in it that is not understood.

title = "Client data stays in the EU"

[default]                              # every class that has no table below, and data without a class
store = ["EU"]                         # ISO 3166 codes; EU, EEA, EU_DATA_BOUNDARY, ANYWHERE
process = ["EU"]
replicate = ["EU"]

[data.market]
store = ["EU", "US"]
process = ["EU", "US"]
replicate = ["EU", "US"]

[[exceptions]]
rule = "workflows-variables"
data = ["confidential"]
reason = "limits are published"
approved_by = "A. Officer"
until = 2027-06-30
"""

from __future__ import annotations

import difflib
import tomllib
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime
from typing import Final

from isthmus.core.errors import InputError
from isthmus.core.residency.data_class import CONFIDENTIAL, FINANCIAL, MARKET, PERSONAL
from isthmus.core.residency.facts import Facts
from isthmus.core.residency.finding import Exemption, Rule
from isthmus.core.residency.lines import line_of
from isthmus.core.residency.policy import Available, Existing, Grant, Policy, Verb

TOP: Final = (
    "title",
    "source",
    "dated",
    "sure",
    "own_classes",
    "default",
    "data",
    "exceptions",
    "existing",
    "available",
)
VERBS: Final = tuple(verb.value for verb in Verb)
EXCEPTION: Final = ("rule", "data", "in", "region", "resource", "reason", "approved_by", "until")
NARROWS: Final = ("data", "in", "region", "resource")
EXISTING: Final = ("what", "country", "by", "on")
AVAILABLE: Final = ("services", "region", "by", "on")
CLASSES: Final = tuple(one.name for one in (PERSONAL, FINANCIAL, CONFIDENTIAL, MARKET))

ANYWHERE: Final = "ANYWHERE"
"""Every country that is known, for what needs no confinement. A place that is not known is not one of them."""

type Value = str | int | float | bool | date | datetime | list[Value] | dict[str, Value]


class PolicyInvalid(InputError):
    """Report a policy of residency that breaks a rule, by its file and line."""

    code = "ISTH275"


def read_policy(text: str, facts: Facts, *, name: str) -> Policy:
    """Read a policy. Raises PolicyInvalid (ISTH275) for the first thing in it that is not understood."""
    try:
        written: dict[str, Value] = tomllib.loads(text)
    except tomllib.TOMLDecodeError as fault:
        raise PolicyInvalid(f"it is not TOML: {fault}", place=name, instead="correct it") from None
    return _Reading(text, facts, name).policy(written)


class _Reading:
    def __init__(self, text: str, facts: Facts, name: str) -> None:
        self._text = text
        self._facts = facts
        self._name = name
        self._classes: tuple[str, ...] = CLASSES

    def policy(self, written: Mapping[str, Value]) -> Policy:
        self._known(written, TOP)
        self._needed(written, ("title", "default"))
        self._classes = (*CLASSES, *self._texts(written, "own_classes"))
        grants = self._table(written, "data")
        self._known(grants, self._classes, "data", what="class of data")
        return Policy(
            title=self._text_of(written, "title"),
            source=self._text_of(written, "source"),
            dated=self._text_of(written, "dated"),
            sure=self._text_of(written, "sure"),
            default=self._grant(self._table(written, "default"), "default"),
            data={one: self._grant(self._table(grants, one, "data"), f"data.{one}") for one in grants},
            exemptions=tuple(
                self._exemption(one, number) for number, one in enumerate(self._tables(written, "exceptions"))
            ),
            existing=tuple(self._existing(one, number) for number, one in enumerate(self._tables(written, "existing"))),
            available=tuple(
                self._available(one, number) for number, one in enumerate(self._tables(written, "available"))
            ),
        )

    def _grant(self, table: Mapping[str, Value], name: str) -> Grant:
        self._known(table, VERBS, name)
        self._needed(table, VERBS, name)
        return Grant(
            store=self._countries(table, "store", name),
            process=self._countries(table, "process", name),
            replicate=self._countries(table, "replicate", name),
        )

    def _exemption(self, table: Mapping[str, Value], number: int) -> Exemption:
        self._known(table, EXCEPTION, "exceptions", number)
        self._needed(table, ("rule", "reason", "approved_by", "until"), "exceptions", number)
        if not any(table.get(one) for one in NARROWS):
            raise self._wrong(
                "the exception excepts everything from its rule",
                f"name at least one of {', '.join(NARROWS)}",
                "exceptions",
                which=number,
            )
        rules = [rule.value for rule in Rule]
        rule = self._text_of(table, "rule", "exceptions", number)
        if rule not in rules:
            raise self._unknown("rule", rule, rules, "exceptions", "rule", number)
        data = self._texts(table, "data", "exceptions", number)
        for one in data:
            if one not in self._classes:
                raise self._unknown("class of data", one, self._classes, "exceptions", "data", number)
        return Exemption(
            rule=Rule(rule),
            data=tuple(data),
            countries=self._countries(table, "in", "exceptions", number) if "in" in table else frozenset(),
            region=self._text_of(table, "region", "exceptions", number),
            resource=self._text_of(table, "resource", "exceptions", number),
            reason=self._said(table, "reason", "exceptions", number),
            approved_by=self._said(table, "approved_by", "exceptions", number),
            until=self._day(table, "until", "exceptions", number),
        )

    def _existing(self, table: Mapping[str, Value], number: int) -> Existing:
        self._known(table, EXISTING, "existing", number)
        self._needed(table, EXISTING, "existing", number)
        country = self._text_of(table, "country", "existing", number)
        if country not in self._facts.countries:
            raise self._no_country(country, "existing", "country", number, several=False)
        return Existing(
            what=self._said(table, "what", "existing", number),
            country=country,
            by=self._said(table, "by", "existing", number),
            on=self._day(table, "on", "existing", number),
        )

    def _available(self, table: Mapping[str, Value], number: int) -> Available:
        self._known(table, AVAILABLE, "available", number)
        self._needed(table, AVAILABLE, "available", number)
        services = self._texts(table, "services", "available", number)
        known = {service: cloud for cloud in self._facts.clouds.values() for service in cloud.services}
        for service in services:
            if service not in known:
                raise self._unknown("service", service, known, "available", "services", number)
        region = self._text_of(table, "region", "available", number)
        for cloud in (known[service] for service in services):
            if self._facts.region(cloud.cloud, region) is None:
                names = [one.name for one in cloud.regions]
                raise self._unknown(f"region of {cloud.cloud}", region, names, "available", "region", number)
        return Available(
            services=tuple(services),
            region=region,
            by=self._said(table, "by", "available", number),
            on=self._day(table, "on", "available", number),
        )

    def _countries(self, table: Mapping[str, Value], key: str, name: str, which: int = 0) -> frozenset[str]:
        found: set[str] = set()
        for one in self._texts(table, key, name, which):
            if one == ANYWHERE:
                found |= set(self._facts.countries)
            elif one in self._facts.jurisdictions:
                found |= self._facts.jurisdictions[one].countries
            elif one in self._facts.countries:
                found.add(one)
            else:
                raise self._no_country(one, name, key, which)
        return frozenset(found)

    def _no_country(self, said: str, table: str, key: str, which: int, *, several: bool = True) -> PolicyInvalid:
        wanted = said.strip().lower()
        by_name = [code for code, country in self._facts.countries.items() if country.lower() == wanted]
        by_code = [
            code for code in (*self._facts.countries, *self._facts.jurisdictions, ANYWHERE) if code.lower() == wanted
        ]
        close = [*by_code, *by_name, *(["GB"] if wanted == "uk" else [])]
        groups = f", {', '.join(self._facts.jurisdictions)} or {ANYWHERE}" if several else ""
        instead = f"did you mean {close[0]}?" if close else f"write an ISO 3166 code, as DE{groups}"
        return self._wrong(f"there is no country {said!r}", instead, table, key, which=which)

    def _texts(self, table: Mapping[str, Value], key: str, name: str = "", which: int = 0) -> list[str]:
        value = table.get(key, [])
        texts = [one for one in value if isinstance(one, str)] if isinstance(value, list) else None
        if texts is None or not isinstance(value, list) or len(texts) != len(value):
            raise self._wrong(f"{key} is no list of texts", f'write {key} = ["…", "…"]', name, key, which=which)
        return texts

    def _text_of(self, table: Mapping[str, Value], key: str, name: str = "", which: int = 0) -> str:
        value = table.get(key, "")
        if not isinstance(value, str):
            raise self._wrong(f"{key} is no text", f'write {key} = "…"', name, key, which=which)
        return value

    def _said(self, table: Mapping[str, Value], key: str, name: str, which: int) -> str:
        value = self._text_of(table, key, name, which).strip()
        if not value:
            raise self._wrong(f"{key} says nothing", "say it: an auditor reads it", name, key, which=which)
        return value

    def _day(self, table: Mapping[str, Value], key: str, name: str, which: int) -> date:
        value = table[key]
        if not isinstance(value, date) or isinstance(value, datetime):
            raise self._wrong(
                f"{key} is no day", f"write {key} = 2027-06-30, without quotation marks", name, key, which=which
            )
        return value

    def _table(self, within: Mapping[str, Value], key: str, name: str = "") -> dict[str, Value]:
        value = within.get(key, {})
        if not isinstance(value, dict):
            whole = f"{name}.{key}" if name else key
            raise self._wrong(f"{whole} is no table", f"write [{whole}]", name, key)
        return value

    def _tables(self, within: Mapping[str, Value], key: str) -> list[dict[str, Value]]:
        value = within.get(key, [])
        tables = [one for one in value if isinstance(one, dict)] if isinstance(value, list) else None
        if tables is None or not isinstance(value, list) or len(tables) != len(value):
            raise self._wrong(f"{key} is no list of tables", f"write [[{key}]]", "", key)
        return tables

    def _known(
        self,
        table: Mapping[str, Value],
        known: Collection[str],
        name: str = "",
        which: int = 0,
        *,
        what: str = "key",
    ) -> None:
        for key in table:
            if key not in known:
                place = (f"data.{key}", "") if what != "key" else (name, key)
                raise self._unknown(what, key, known, *place, which)

    def _needed(self, table: Mapping[str, Value], keys: Sequence[str], name: str = "", which: int = 0) -> None:
        for key in keys:
            if key not in table:
                where = f"[{name}]" if name else "the policy"
                raise self._wrong(f"{where} has no {key}", f"add {key}", name, which=which)

    def _unknown(
        self, what: str, said: str, known: Collection[str], table: str, key: str = "", which: int = 0
    ) -> PolicyInvalid:
        close = difflib.get_close_matches(said, known, n=1)
        shown = ", ".join(known) if len(known) <= len(Rule) + len(TOP) else "isthmus regions lists them"
        instead = f"did you mean {close[0]}?" if close else f"there are: {shown}"
        return self._wrong(f"there is no {what} {said!r}", instead, table, key, which=which)

    def _wrong(self, problem: str, instead: str, table: str = "", key: str = "", *, which: int = 0) -> PolicyInvalid:
        line = line_of(self._text, table, key, which=which)
        return PolicyInvalid(problem, place=f"{self._name}:{line}" if line else self._name, instead=instead)
