"""What came of a day: read from the database at the end, so that nothing is kept for each order on the way.

Only the 16 bytes of a run's id are kept for each order that was taken in.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import batched
from typing import Any, Final

import msgspec
from sqlalchemy import func, select

from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.intake import STEP
from isthmus.adapters.sql.journal import Kind
from isthmus.adapters.sql.runs import RunStatus, StepState
from isthmus.adapters.sql.schema import ACCOUNT, INBOX, JOURNAL, RUN, TRANSFER
from isthmus.core.currency import MINOR_DIGITS
from isthmus.core.money import Money

BATCH: Final = 500
CLIENT: Final = "client:"
EXECUTION: Final = "execute_order"
OUTCOMES: Final = ("filled", "partially_filled", "refused", "taken_back", "dead", "unfinished")

UNDER_WAY: Final = frozenset({RunStatus.STARTED, RunStatus.RUNNING, RunStatus.TAKING_BACK})
GIVEN_UP: Final = frozenset({RunStatus.FAILED, RunStatus.TIMED_OUT, RunStatus.CANCELLED, RunStatus.TAKEN_BACK})


class Outcomes:
    """Count orders by what came of them, and the reasons of those that were not filled."""

    def __init__(self) -> None:
        self.orders: Counter[str] = Counter(dict.fromkeys(OUTCOMES, 0))
        self.reasons: Counter[str] = Counter()

    def add(self, outcome: str, reason: str | None = None) -> None:
        """Count one order."""
        self.orders[outcome] += 1
        if reason:
            self.reasons[reason] += 1

    def counted(self) -> dict[str, int]:
        """Return how many orders were received, and how many had each outcome."""
        return {"received": self.orders.total(), **{name: self.orders[name] for name in OUTCOMES}}


def count_outcomes(database: Database, run_ids: Iterable[str], into: Outcomes) -> None:
    """Count what came of the orders with these runs."""
    for batch in batched(run_ids, BATCH, strict=False):
        executed = _executed(database, batch)
        for run_id, status, outcome in _runs(database, batch):
            into.add(*outcome_of(status, outcome, executed=run_id in executed))


def outcome_of(status: str, outcome: bytes | None, *, executed: bool) -> tuple[str, str | None]:
    """Say what came of an order, and why it was not filled."""
    body = msgspec.json.decode(outcome) if outcome else None
    if status == RunStatus.COMPLETED:
        return (body or {}).get("status", "filled"), None
    if status == RunStatus.STUCK:
        return "dead", "a person is asked"
    if status in UNDER_WAY:
        return "unfinished", f"still {status}"
    reason = reason_of(status, body)
    return ("taken_back" if executed or status in GIVEN_UP else "refused"), reason


def reason_of(status: str, body: Any) -> str:
    """Name the refusal that ended a run, with the rule, field or reason that it gives, or the sort of failure."""
    if isinstance(body, dict) and "error" in body:
        return f"{status}: {body['error']}"
    if not isinstance(body, dict) or "refusal" not in body:
        return status
    fields = body.get("fields") or {}
    details = [str(fields[name]) for name in ("field", "rule", "reason") if fields.get(name)]
    return " ".join([f"{body['refusal']}:", *details]) if details else str(body["refusal"])


def _runs(database: Database, run_ids: Sequence[str]) -> Iterator[tuple[str, str, bytes | None]]:
    query = select(RUN.c.run_id, RUN.c.status, RUN.c.outcome).where(RUN.c.run_id.in_(run_ids))
    with database.engine.connect() as connection:
        for row in connection.execute(query):
            yield row.run_id, row.status, row.outcome


def _executed(database: Database, run_ids: Sequence[str]) -> set[str]:
    query = select(INBOX.c.run_id).where(
        INBOX.c.run_id.in_(run_ids), INBOX.c.contract == EXECUTION, INBOX.c.state == StepState.ANSWERED
    )
    with database.engine.connect() as connection:
        return set(connection.execute(query).scalars())


def journal_entries(database: Database) -> tuple[int, int]:
    """Count the journal's entries, and those among them that say that something was refused at the edge."""
    count = select(func.count()).select_from(JOURNAL)
    with database.engine.connect() as connection:
        every = connection.execute(count).scalar_one()
        rejected = connection.execute(count.where(JOURNAL.c.kind == Kind.REJECTED, JOURNAL.c.step != STEP)).scalar_one()
    return int(every), int(rejected)


class Totals(msgspec.Struct, frozen=True, kw_only=True):
    """Hold one commodity's totals over all accounts: debits and credits are equal, or the books do not balance."""

    commodity: str
    posted_debits: int
    posted_credits: int
    pending_debits: int
    pending_credits: int

    @property
    def balanced(self) -> bool:
        """Say whether what was taken was given."""
        return self.posted_debits == self.posted_credits and self.pending_debits == self.pending_credits


class Books(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what the books say as a whole."""

    balanced: bool
    accounts: int
    transfers: int
    commodities: int


def books_of(database: Database) -> Books:
    """Add up the books."""
    columns = (
        ACCOUNT.c.posted_debits,
        ACCOUNT.c.posted_credits,
        ACCOUNT.c.pending_debits,
        ACCOUNT.c.pending_credits,
    )
    query = select(ACCOUNT.c.commodity, *(func.sum(column).label(column.name) for column in columns)).group_by(
        ACCOUNT.c.commodity
    )
    with database.engine.connect() as connection:
        totals = [Totals(commodity=row[0], **_named(row[1:])) for row in connection.execute(query)]
        accounts = connection.execute(select(func.count(func.distinct(ACCOUNT.c.account)))).scalar_one()
        transfers = connection.execute(select(func.count()).select_from(TRANSFER)).scalar_one()
        overdrawn = connection.execute(
            select(func.count())
            .select_from(ACCOUNT)
            .where(ACCOUNT.c.account.startswith(CLIENT), ACCOUNT.c.posted_credits < ACCOUNT.c.posted_debits)
        ).scalar_one()
    return Books(
        balanced=all(one.balanced for one in totals) and not overdrawn,
        accounts=accounts,
        transfers=transfers,
        commodities=len(totals),
    )


def _named(sums: Sequence[Any]) -> dict[str, int]:
    names = ("posted_debits", "posted_credits", "pending_debits", "pending_credits")
    return {name: int(value) for name, value in zip(names, sums, strict=True)}


class Holdings(msgspec.Struct, frozen=True, kw_only=True):
    """Hold what one client's account has: by commodity, cash in minor units and positions in pieces."""

    account: str
    held: Mapping[str, int]


def holdings_of(database: Database, *, at_most: int) -> tuple[list[Holdings], int]:
    """Return what the first client accounts have, by number, and how many accounts there are."""
    client = ACCOUNT.c.account.startswith(CLIENT)
    with database.engine.connect() as connection:
        names = list(
            connection.execute(
                select(ACCOUNT.c.account).where(client).distinct().order_by(ACCOUNT.c.account).limit(at_most)
            ).scalars()
        )
        count = connection.execute(select(func.count(func.distinct(ACCOUNT.c.account))).where(client)).scalar_one()
        held: dict[str, dict[str, int]] = {name: {} for name in names}
        query = select(
            ACCOUNT.c.account, ACCOUNT.c.commodity, ACCOUNT.c.posted_credits - ACCOUNT.c.posted_debits
        ).where(ACCOUNT.c.account.in_(names))
        for account, commodity, amount in connection.execute(query.order_by(ACCOUNT.c.commodity)):
            held[account][commodity] = amount
    return [Holdings(account=name.removeprefix(CLIENT), held=held[name]) for name in names], count


def totals_held(database: Database) -> dict[str, int]:
    """Return what all clients together have, by commodity."""
    query = (
        select(ACCOUNT.c.commodity, func.sum(ACCOUNT.c.posted_credits - ACCOUNT.c.posted_debits))
        .where(ACCOUNT.c.account.startswith(CLIENT))
        .group_by(ACCOUNT.c.commodity)
        .order_by(ACCOUNT.c.commodity)
    )
    with database.engine.connect() as connection:
        return {commodity: int(amount) for commodity, amount in connection.execute(query)}


def cash_and_positions(held: Mapping[str, int], symbols: Mapping[str, str]) -> tuple[str, str]:
    """Write what is held as people do: `1,234.50 USD` and `IBM 30, MSFT 7`."""
    cash = [f"{Money(amount, name).decimal:,} {name}" for name, amount in held.items() if name in MINOR_DIGITS]
    positions = [
        f"{symbols.get(name, name)} {amount:,}" for name, amount in held.items() if name not in MINOR_DIGITS and amount
    ]
    return ", ".join(cash) or "-", ", ".join(positions) or "-"
