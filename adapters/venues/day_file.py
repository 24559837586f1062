"""Read the files that say what a trading day begins with: accounts, what they hold, and instruments.

accounts.csv       account,client,client_name,currency,opening_cash
positions.csv      account,symbol,isin,opening_quantity
instruments.csv    symbol,isin,currency,name
"""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Final

from isthmus.contracts.accounts import AccountId, ClientId, Holding, Opening
from isthmus.contracts.market import Currency, Isin
from isthmus.core.errors import InputError
from isthmus.core.money import Money, MoneyInvalid

ACCOUNT_COLUMNS: Final = ("account", "client", "client_name", "currency", "opening_cash")
POSITION_COLUMNS: Final = ("account", "isin", "opening_quantity")
INSTRUMENT_COLUMNS: Final = ("symbol", "isin", "currency")
CELL_CHARACTERS_MAX: Final = 200


class DayFileInvalid(InputError):
    """Report a file of a trading day that cannot be read, or a row of it that breaks a rule."""

    code = "ISTH291"


@dataclass(frozen=True, slots=True)
class Owner:
    """Say whose an account is."""

    client: ClientId
    client_name: str


@dataclass(frozen=True, slots=True)
class Listing:
    """Say which instrument a symbol stands for, and what it is quoted in."""

    isin: Isin
    currency: Currency


@dataclass(frozen=True, slots=True)
class TradingDay:
    """Hold what a trading day begins with."""

    openings: tuple[Opening, ...]
    owners: Mapping[str, Owner]
    listings: Mapping[str, Listing]

    @classmethod
    def load(cls, folder: Path) -> TradingDay:
        """Read the three files of a folder.

        Raises DayFileInvalid (ISTH291) at the first row that breaks a rule, naming line, field and rule.
        """
        holdings: dict[str, list[Holding]] = {}
        for place, row in rows_of(folder / "positions.csv", POSITION_COLUMNS):
            quantity = _whole(row["opening_quantity"], f"{place}, opening_quantity")
            holdings.setdefault(row["account"], []).append(Holding(instrument=Isin(row["isin"]), quantity=quantity))
        owners: dict[str, Owner] = {}
        openings: list[Opening] = []
        for place, row in rows_of(folder / "accounts.csv", ACCOUNT_COLUMNS):
            if row["account"] in owners:
                raise DayFileInvalid("the account is listed twice (rule unique)", place=f"{place}, account")
            owners[row["account"]] = Owner(ClientId(row["client"]), row["client_name"])
            openings.append(_opening(row, holdings.pop(row["account"], []), place))
        if holdings:
            raise DayFileInvalid(
                f"{next(iter(holdings))} is no account (rule known_account)",
                place="positions.csv, account",
                instead="list it in accounts.csv",
            )
        listings = {
            row["symbol"]: Listing(Isin(row["isin"]), Currency(row["currency"]))
            for _, row in rows_of(folder / "instruments.csv", INSTRUMENT_COLUMNS)
        }
        return cls(tuple(openings), MappingProxyType(owners), MappingProxyType(listings))


def _opening(row: dict[str, str], holdings: list[Holding], place: str) -> Opening:
    try:
        cash = Money.parse(row["opening_cash"], row["currency"])
    except MoneyInvalid as fault:
        raise DayFileInvalid(
            f"{fault.problem} (rule money)", place=f"{place}, opening_cash", instead=fault.instead
        ) from None
    return Opening(account=AccountId(row["account"]), client=ClientId(row["client"]), cash=cash, holdings=holdings)


def _whole(text: str, place: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 15):
        raise DayFileInvalid(f"{text[:40]!r} is not a whole number (rule format)", place=place, instead="write digits")
    return int(text)


def rows_of(path: Path, columns: tuple[str, ...]) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield each row with its place; every named column is there and filled."""
    try:
        with path.open(encoding="utf-8", newline="") as lines:
            rows = csv.DictReader(lines, strict=True)
            missing = [column for column in columns if column not in (rows.fieldnames or ())]
            if missing:
                raise DayFileInvalid(
                    f"the header lacks {', '.join(missing)} (rule header)", place=f"{path.name}, line 1"
                )
            for row in rows:
                place = f"{path.name}, line {rows.line_num}"
                for column in columns:
                    cell = row[column]
                    if not cell or len(cell) > CELL_CHARACTERS_MAX:
                        raise DayFileInvalid(
                            f"the cell is empty or longer than {CELL_CHARACTERS_MAX} characters (rule length)",
                            place=f"{place}, {column}",
                        )
                yield place, row
    except csv.Error as fault:
        raise DayFileInvalid(f"it is not CSV: {fault} (rule csv)", place=path.name) from None
    except (OSError, UnicodeDecodeError) as fault:
        reason = getattr(fault, "strerror", None) or str(fault)
        raise DayFileInvalid(
            f"cannot be read: {reason}", place=str(path), instead="name a folder with accounts.csv, positions.csv, …"
        ) from None
