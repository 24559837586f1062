"""A day's intake: accounts are opened, files are streamed, orders are placed, and what came of them is read back."""

from __future__ import annotations

import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final, Protocol

from isthmus.adapters.cli.engines import engine_of
from isthmus.adapters.cli.lines import Lines
from isthmus.adapters.cli.output import complain
from isthmus.adapters.cli.progress import Progress
from isthmus.adapters.cli.summary import (
    Books,
    Holdings,
    Outcomes,
    books_of,
    cash_and_positions,
    count_outcomes,
    holdings_of,
    journal_entries,
    totals_held,
)
from isthmus.adapters.sql.intake import IntakeEntry, record_intake
from isthmus.adapters.sql.journal import Kind
from isthmus.adapters.venues.day_file import TradingDay
from isthmus.adapters.venues.fix_dictionary import NEW_ORDER_SINGLE, message_label
from isthmus.adapters.venues.fix_intake import take_in
from isthmus.adapters.venues.fix_message import FixMessage, FixProblem, FixRule, FixUnreadable, Mode
from isthmus.adapters.venues.fix_order import NewOrderSingle, Skipped
from isthmus.adapters.venues.fix_reader import read_fix
from isthmus.adapters.venues.reference_data import TRADING_DAY
from isthmus.contracts.accounts import open_account
from isthmus.contracts.orders import Order
from isthmus.contracts.placement import place_order
from isthmus.core.errors import IdentityConflict, InputError
from isthmus.core.refusal import Refusal

if TYPE_CHECKING:
    from isthmus.adapters.local.engine import Engine
    from isthmus.adapters.sql.database import Database
    from isthmus.core.composition import Composition

ACTOR: Final = "isthmus run"
STANDARD_INPUT: Final = Path("-")
ENTRIES_TOGETHER: Final = 200
EXAMPLES_MAX: Final = 5
ACCOUNTS_SHOWN_MAX: Final = 12
SETTLE_SECONDS: Final = 600
MAYBE_FORGIVEN: Final = frozenset(
    {FixRule.CHECK_SUM, FixRule.BODY_LENGTH, FixRule.HEADER_ORDER, FixRule.DELIMITER, FixRule.STRAY_BYTES}
)


@dataclass(kw_only=True)
class Report:
    """Hold what is worth saying of a day."""

    database: str
    outcomes: Outcomes = field(default_factory=Outcomes)
    forgiven: Counter[str] = field(default_factory=Counter)
    skipped: Counter[str] = field(default_factory=Counter)
    repeated: int = 0
    unreadable: int = 0
    would_be_forgiven: int = 0
    examples: list[str] = field(default_factory=list)
    books: Books = field(default_factory=lambda: Books(balanced=True, accounts=0, transfers=0, commodities=0))
    holdings: list[Holdings] = field(default_factory=list)
    totals: Mapping[str, int] = field(default_factory=dict)
    symbols: Mapping[str, str] = field(default_factory=dict)
    client_accounts: int = 0
    journal_entries: int = 0
    journal_new: int = 0
    changed: bool = False
    timings: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    @property
    def received(self) -> int:
        """Return how many orders were received."""
        return self.outcomes.orders.total()

    @property
    def unfinished(self) -> int:
        """Return how many orders have no outcome yet."""
        return self.outcomes.orders["unfinished"]

    @property
    def orders_per_second(self) -> float:
        """Return how many orders were received per second."""
        return self.received / self.seconds if self.seconds else 0.0

    @property
    def is_well(self) -> bool:
        """Say whether the books balance and no order waits for a person."""
        return self.books.balanced and not self.outcomes.orders["dead"]

    def written(self, held: Mapping[str, int]) -> tuple[str, str]:
        """Return cash and positions as people write them."""
        return cash_and_positions(held, self.symbols)

    def as_json(self) -> dict[str, Any]:
        """Return the summary as one object."""
        return {
            "orders": self.outcomes.counted(),
            "reasons": dict(self.outcomes.reasons.most_common()),
            "books": {
                "balanced": self.books.balanced,
                "accounts": self.books.accounts,
                "transfers": self.books.transfers,
            },
            "journal": {"entries": self.journal_entries, "new": self.journal_new},
            "changed": self.changed,
            "seconds": round(self.seconds, 3),
            "orders_per_second": round(self.orders_per_second, 1),
            "messages": {
                "forgiven": self.forgiven,
                "skipped": self.skipped,
                "repeated": self.repeated,
                "unreadable": self.unreadable,
            },
            "problems": self.examples,
            "holdings": {"accounts": self.client_accounts, "totals": self.totals},
            "stages": {
                name: {"count": timing.count, "seconds": round(timing.seconds, 3)}
                for name, timing in self.timings.items()
            },
            "database": self.database,
        }


@dataclass(frozen=True, slots=True)
class Day:
    """Hold what a day begins with, and the files of its orders."""

    beginning: TradingDay
    files: tuple[Path, ...]

    @classmethod
    def load(cls, folder: Path | None, files: Sequence[Path], *, default: str) -> Day:
        """Read the day's beginning from a folder, or from the trading day that comes along."""
        place = folder or TRADING_DAY
        return cls(TradingDay.load(place), tuple(files) or (place / default,))

    def run(self, composition: Composition, database_url: str, *, strict: bool, quiet: bool) -> Report:
        """Place every order, wait until nothing can go on, and read back what came of it."""
        begun = time.perf_counter()
        with engine_of(composition, database_url) as engine:
            report = Report(database=engine.database.name)
            entries, rejected = journal_entries(engine.database)
            intake = Intake(engine, self.beginning, report, Mode.STRICT if strict else Mode.LENIENT)
            try:
                intake.open_accounts()
                with Progress(quiet=quiet) as progress:
                    for name in self.files:
                        intake.read(name, progress)
                    intake.finish()
                    engine.settle(timeout_seconds=SETTLE_SECONDS)
            except KeyboardInterrupt:
                complain("stopped: what was taken in is kept, and the same command goes on")
                raise
            report.seconds = time.perf_counter() - begun
            _read_back(engine, intake.run_ids(), report)
            report.symbols = {listing.isin: symbol for symbol, listing in self.beginning.listings.items()}
            every, still_rejected = journal_entries(engine.database)
            report.journal_entries, report.journal_new = every, every - entries
            report.changed = report.journal_new > still_rejected - rejected
            return report


def readable(files: Sequence[Path]) -> None:
    """Refuse a file that cannot be read before anything begins.

    Raises FixUnreadable (ISTH221).
    """
    for name in files:
        if name == STANDARD_INPUT:
            continue
        try:
            with name.open("rb"):
                pass
        except OSError as fault:
            raise FixUnreadable(
                f"cannot be read: {fault.strerror}", place=str(name), instead="name a readable file of FIX messages"
            ) from None


def _read_back(engine: Engine, run_ids: Iterator[str], report: Report) -> None:
    database = engine.database
    count_outcomes(database, run_ids, report.outcomes)
    report.books = books_of(database)
    report.holdings, report.client_accounts = holdings_of(database, at_most=ACCOUNTS_SHOWN_MAX)
    report.totals = totals_held(database)
    report.timings = engine.timings()


class Desk(Protocol):
    """Take orders in: an engine, or what stands for one on another backend."""

    composition: Composition
    database: Database

    def ask(self, contract: str, message: Any, *, key: str) -> Any:
        """Ask one handler's contract alone. Raises the Refusal, IdentityConflict."""
        ...

    def submit(
        self, contract: str, message: Any, *, actor: str, on_behalf_of: str, ended: Callable[[], None]
    ) -> Future[str]:
        """Start a run without waiting until that is durable, and call `ended` when it has ended."""
        ...

    @property
    def in_flight(self) -> int:
        """Count what is under way, without the runs that wait for an event or for time."""
        ...


class Intake:
    """Take in messages one by one, with a bounded number under way."""

    def __init__(self, engine: Desk, beginning: TradingDay, report: Report, mode: Mode) -> None:
        self._engine = engine
        self._beginning = beginning
        self._report = report
        self._mode = mode
        self._lines = Lines(self._place, self._placed, lambda: engine.in_flight == 0)
        self._runs: set[bytes] = set()
        self._entries: list[IntakeEntry] = []
        self._taken_in = 0

    def run_ids(self) -> Iterator[str]:
        """Yield the run of every order that was taken in."""
        return (run.hex() for run in self._runs)

    def open_accounts(self) -> None:
        """Open the day's accounts; those that are open stay as they are."""
        for opening in self._beginning.openings:
            try:
                self._engine.ask(open_account.name, opening, key=f"{open_account.name}/{opening.account}")
            except (IdentityConflict, Refusal):
                complain(f"account {opening.account} is open with other holdings or another owner: it stays as it is")

    def read(self, name: Path, progress: Progress) -> None:
        """Place the orders of one file."""
        source: Path | BinaryIO = sys.stdin.buffer if name == STANDARD_INPUT else name
        size = None if name == STANDARD_INPUT else name.stat().st_size
        progress.begin(name.name, size)
        for item in read_fix(source, mode=self._mode, source=name.name):
            self._take(item)
            self._taken_in += 1
            progress.show(item.offset + item.length, self._taken_in, self._engine.in_flight)

    def finish(self) -> None:
        """Wait until every order is taken in, and write what is left to write."""
        self._lines.finish()
        self._write()

    def _take(self, item: FixMessage | FixProblem) -> None:
        taken = item if isinstance(item, FixProblem) else take_in(item, self._beginning, mode=self._mode)
        match taken:
            case FixProblem():
                self._reject(taken)
            case Skipped():
                self._report.skipped[taken.label] += 1
            case (order, read):
                self._lines.add(order, read)

    def _place(self, order: Order, read: NewOrderSingle, ended: Callable[[], None]) -> Future[str]:
        behalf = read.on_behalf_of or read.sender
        return self._engine.submit(place_order.name, order, actor=ACTOR, on_behalf_of=behalf, ended=ended)

    def _placed(self, read: NewOrderSingle, future: Future[str]) -> None:
        """Note the run of an order that was taken in."""
        try:
            run_id = future.result()
        except InputError as fault:
            self._refuse(read, fault)
            return
        run = bytes.fromhex(run_id)
        if run in self._runs:
            self._report.repeated += 1
        self._runs.add(run)
        if read.leniencies:
            self._report.forgiven.update(str(leniency) for leniency in read.leniencies)
            self._note(
                run_id,
                Kind.FORGIVEN,
                f"{read.source}#{read.number}",
                read.sender,
                {"cl_ord_id": read.cl_ord_id, "forgiven": [str(leniency) for leniency in read.leniencies]},
            )

    def _refuse(self, read: NewOrderSingle, fault: InputError) -> None:
        """Count an order whose identity belongs to another one; the engine journals it."""
        self._report.outcomes.add("refused", type(fault).__name__)
        self._example(f"{read.source}, message {read.number}: {fault}")

    def _reject(self, problem: FixProblem) -> None:
        """Count a message that cannot be read: an order, as long as it does not say that it is something else."""
        self._report.unreadable += problem.rule is not FixRule.UNSUPPORTED
        if problem.msg_type in (None, NEW_ORDER_SINGLE):
            self._report.outcomes.add(
                "refused", f"{problem.rule}: {problem.field}" if problem.field else str(problem.rule)
            )
        else:
            self._report.skipped[f"{message_label(problem.msg_type or '')} that breaks {problem.rule}"] += 1
        self._report.would_be_forgiven += self._mode is Mode.STRICT and problem.rule in MAYBE_FORGIVEN
        self._example(str(problem))
        facts: dict[str, Any] = {
            "byte": problem.offset,
            "cl_ord_id": problem.cl_ord_id,
            "field": problem.field,
            "rule": str(problem.rule),
            "problem": problem.problem,
        }
        self._note(
            _stands_for(problem.source, problem.number, problem.rule, f"{problem.offset}/{problem.problem}"),
            Kind.REJECTED,
            f"{problem.source}#{problem.number}",
            problem.source,
            facts,
        )

    def _example(self, text: str) -> None:
        if len(self._report.examples) < EXAMPLES_MAX:
            self._report.examples.append(text)

    def _note(self, run_id: str, kind: Kind, subject: str, on_behalf_of: str, facts: dict[str, Any]) -> None:
        self._entries.append(
            IntakeEntry(run_id=run_id, kind=kind, subject=subject, actor=ACTOR, on_behalf_of=on_behalf_of, facts=facts)
        )
        if len(self._entries) >= ENTRIES_TOGETHER:
            self._write()

    def _write(self) -> None:
        if self._entries:
            plan = self._engine.composition.blueprint
            record_intake(
                self._engine.database,
                self._entries,
                code_version=plan.code_version,
                policy_version=plan.policy_version,
            )
            self._entries.clear()


def _stands_for(*facts: object) -> str:
    """Return an id for a message that became no order: the same message of the same file has the same."""
    return sha256("/".join(str(fact) for fact in ("rejected", *facts)).encode()).hexdigest()[:32]
