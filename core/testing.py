"""What serves our tests and yours: messages drawn from their types, scripted handlers, crashes, and a world to run in.

    @given(messages(Order, side=just(Side.BUY)))
    def test_an_order_is_booked_once(order: Order) -> None:
        app = App("shop", fulfils=[flow, script(reserve, Reserved(id="1"), OutOfStock(item="hat"))])
        with run_locally(app) as world:
            run_id = world.start(place_order, order)
            assert world.ended(run_id).status == "completed"

Install the extra `testing`: nothing else of Isthmus imports Hypothesis.
"""

from __future__ import annotations

import enum
import importlib
import threading
import types
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import (
    Annotated,
    Any,
    Final,
    Literal,
    NewType,
    Protocol,
    Self,
    TypeAliasType,
    TypeVar,
    Union,
    get_args,
    get_origin,
)

import msgspec
from hypothesis import HealthCheck, Verbosity, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from isthmus.core.annotations import unfolded
from isthmus.core.app import App
from isthmus.core.composition import Composition
from isthmus.core.contract import Contract
from isthmus.core.errors import SourceError
from isthmus.core.handler import Handler
from isthmus.core.law import Ended, Law, World, law, laws_of, prepares, samples, samples_of
from isthmus.core.message import Message, Sealed, field_types
from isthmus.core.money import Money
from isthmus.core.ports import AnswerUnknown

__all__ = [
    "Crash",
    "CrashAt",
    "Ended",
    "Falsified",
    "Laptop",
    "Law",
    "Lost",
    "LostForGood",
    "ScriptedGateway",
    "World",
    "falsify",
    "law",
    "laws_of",
    "messages",
    "prepares",
    "run_locally",
    "samples",
    "script",
    "values",
]

INTEGER_MAX: Final = 2**53 - 1
TEXT_CHARACTERS_MAX: Final = 40
ITEMS_MAX: Final = 4
CURRENCIES: Final = ("USD", "EUR", "JPY", "BHD")
MONEY_MAX: Final = 10**12
SMALLER_MAX: Final = 60
"""How often a smaller counterexample is looked for: each look may run a whole App."""
TEXT: Final = st.characters(exclude_categories=("Cs", "Cc"))

_PLAIN: Final[Mapping[Any, SearchStrategy[Any]]] = {
    bool: st.booleans(),
    None: st.none(),
    type(None): st.none(),
    bytes: st.binary(max_size=TEXT_CHARACTERS_MAX),
    float: st.floats(allow_nan=False, allow_infinity=False),
    Decimal: st.decimals(-(10**9), 10**9, allow_nan=False, allow_infinity=False, places=4),
    date: st.dates(min_value=date(1970, 1, 1)),
    datetime: st.datetimes(
        min_value=datetime(1970, 1, 1),  # noqa: DTZ001  # the strategy adds the zone
        max_value=datetime(2199, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    ),
    timedelta: st.timedeltas(min_value=timedelta(0), max_value=timedelta(days=3650)),
    Money: st.builds(Money, st.integers(-MONEY_MAX, MONEY_MAX), st.sampled_from(CURRENCIES)),
    Sealed: st.builds(
        Sealed,
        subject=st.text(TEXT, min_size=1, max_size=10),
        key_version=st.integers(1, 9),
        bytes=st.binary(min_size=28, max_size=60),
        fingerprint=st.text("0123456789abcdef", min_size=32, max_size=32),
    ),
}


# Messages from their types


def messages[M: msgspec.Struct](kind: type[M], **fields: SearchStrategy[Any]) -> SearchStrategy[M]:
    """Return a strategy for messages of a type: every field from its type and bounds, or from what is given by name.

    A type that has `samples` is mostly drawn from these.
    """
    unknown = set(fields) - set(kind.__struct_fields__)
    if unknown:
        raise SourceError(
            f"{kind.__name__} has no field {sorted(unknown)[0]!r}",
            place="messages",
            instead=f"name one of: {', '.join(kind.__struct_fields__)}",
        )
    return _built(kind, fields, {})


def values(annotation: Any) -> SearchStrategy[Any]:
    """Return a strategy for the values that an annotation allows."""
    return _values(annotation, (), {})


def _built(kind: Any, fields: Mapping[str, SearchStrategy[Any]], bound: Mapping[Any, Any]) -> SearchStrategy[Any]:
    def later(hint: Any) -> SearchStrategy[Any]:
        return st.deferred(lambda: _values(hint, (), bound))  # a message may hold messages of its own type

    drawn = {name: fields[name] if name in fields else later(hint) for name, hint in field_types(kind).items()}
    return st.fixed_dictionaries(drawn).map(lambda chosen: kind(**chosen))


def _values(annotation: Any, bounds: Sequence[msgspec.Meta], bound: Mapping[Any, Any]) -> SearchStrategy[Any]:
    """Return the strategy for an annotation, within the bounds that were met on the way to it.

    `bound` says what the type variables of a generic message stand for.
    """
    given = samples_of(annotation)
    natural = _natural(annotation, bounds, bound)
    return st.one_of(st.sampled_from(given), st.sampled_from(given), natural) if given else natural


def _natural(annotation: Any, bounds: Sequence[msgspec.Meta], bound: Mapping[Any, Any]) -> SearchStrategy[Any]:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if isinstance(annotation, NewType | TypeAliasType | TypeVar):
        return _values(_stands_for(annotation, bound), bounds, bound)
    if isinstance(origin, TypeAliasType):
        return _values(unfolded(annotation), bounds, bound)
    if origin is Annotated:
        found = [mark for mark in arguments[1:] if isinstance(mark, msgspec.Meta)]
        return _values(arguments[0], [*bounds, *found], bound)
    if origin in (Union, types.UnionType):
        return st.one_of([_values(part, bounds, bound) for part in arguments])
    if origin is Literal:
        return st.sampled_from(arguments)
    if origin in (list, tuple, set, frozenset, dict):
        return _collection(origin, arguments, bounds, bound)
    return _scalar(annotation, origin, arguments, bounds, bound)


def _stands_for(name: NewType | TypeAliasType | TypeVar, bound: Mapping[Any, Any]) -> Any:
    if isinstance(name, NewType):
        return name.__supertype__
    return bound[name] if isinstance(name, TypeVar) else name.__value__


def _scalar(
    annotation: Any, origin: Any, arguments: Any, bounds: Sequence[msgspec.Meta], bound: Mapping[Any, Any]
) -> SearchStrategy[Any]:
    if annotation is int:
        return _integers(_limits(bounds))
    if annotation is str:
        return _texts(_limits(bounds))
    if annotation in _PLAIN:
        return _PLAIN[annotation]
    if isinstance(annotation, type) and issubclass(annotation, enum.Enum):
        return st.sampled_from(list(annotation))
    struct = origin or annotation
    if isinstance(struct, type) and issubclass(struct, msgspec.Struct):
        names = getattr(struct, "__parameters__", ()) or getattr(struct, "__type_params__", ())
        stands_for = [bound.get(argument, argument) for argument in arguments]
        return _built(struct, {}, dict(zip(names, stands_for, strict=False)))
    raise SourceError(
        f"no values are known for {annotation!r}",
        place="isthmus.core.testing",
        instead="give the field a strategy by name, or call samples(type, value, …)",
    )


def _collection(
    origin: Any, arguments: tuple[Any, ...], bounds: Sequence[msgspec.Meta], bound: Mapping[Any, Any]
) -> SearchStrategy[Any]:
    limits = _limits(bounds)
    least = limits.get("min_length", 0)
    most = limits.get("max_length", least + ITEMS_MAX)
    if origin is dict:
        keys, items = (_values(argument, (), bound) for argument in arguments)
        return st.dictionaries(keys, items, min_size=least, max_size=most)
    if origin is tuple and not (len(arguments) == 2 and arguments[1] is Ellipsis):
        return st.tuples(*(_values(argument, (), bound) for argument in arguments))
    item = _values(arguments[0], (), bound)
    return st.lists(item, min_size=least, max_size=min(most, least + ITEMS_MAX), unique=origin in (set, frozenset)).map(
        origin
    )


def _limits(bounds: Sequence[msgspec.Meta]) -> dict[str, Any]:
    """Return the bounds that are set; the innermost wins, as it does in msgspec."""
    names = ("ge", "gt", "le", "lt", "multiple_of", "pattern", "min_length", "max_length")
    return {name: getattr(mark, name) for mark in bounds for name in names if getattr(mark, name) is not None}


def _integers(limits: Mapping[str, Any]) -> SearchStrategy[int]:
    least = max(limits.get("ge", -INTEGER_MAX), limits.get("gt", -INTEGER_MAX - 1) + 1)
    most = min(limits.get("le", INTEGER_MAX), limits.get("lt", INTEGER_MAX + 1) - 1)
    step = limits.get("multiple_of", 1)
    return st.integers(-(-least // step), most // step).map(lambda number: int(number * step))


def _texts(limits: Mapping[str, Any]) -> SearchStrategy[str]:
    least = limits.get("min_length", 0)
    most = limits.get("max_length", least + TEXT_CHARACTERS_MAX)
    if "pattern" in limits:
        return st.from_regex(limits["pattern"]).filter(lambda text: least <= len(text) <= most)
    return st.text(TEXT, min_size=least, max_size=min(most, least + TEXT_CHARACTERS_MAX))


class Falsified(msgspec.Struct, frozen=True):
    """Be the smallest example for which something did not hold, and what was raised."""

    example: Any
    error: BaseException


def falsify(examples: SearchStrategy[Any], check: Callable[[Any], None], *, count: int) -> Falsified | None:
    """Return a small example that a check fails for, or None when it holds for so many; always the same ones."""
    failed: list[Falsified] = []
    errors: dict[str, Exception] = {}
    looked = 0

    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        derandomize=True,
        print_blob=False,
        suppress_health_check=list(HealthCheck),
        verbosity=Verbosity.quiet,
    )
    @given(examples)
    def all_hold(example: Any) -> None:
        nonlocal looked
        looked += bool(failed)
        if looked > SMALLER_MAX:  # small enough: from now on only what is known to fail does
            if repr(example) in errors:
                failed.append(Falsified(example, errors[repr(example)]))
                raise errors[repr(example)]
            return
        try:
            check(example)
        except Exception as error:
            failed.append(Falsified(example, error))
            errors[repr(example)] = error
            raise

    try:
        all_hold()
    except Exception:  # what Hypothesis raises is told by the last failure, which is its smallest
        if not failed:
            raise
        return failed[-1]
    return None


# Scripted handlers and gateways


def script[O](contract: Contract[Any, O], *answers: Message | Exception | None) -> Scripted[O]:
    """Return a handler that gives one answer a call, the last one again and again.

    A message is answered, a Refusal is refused, any other exception is a failure.
    """
    return Scripted(contract, answers or (None,))


class Scripted[O](Handler[..., O]):
    """Fulfil a contract by a list of answers, and keep what was asked in `asked`."""

    def __init__(self, contract: Contract[Any, O], answers: Sequence[Message | Exception | None]) -> None:
        self.asked: list[Any] = []
        self._answers = answers
        self._lock = threading.Lock()

        def scripted(message: Any) -> Any:
            with self._lock:
                self.asked.append(message)
                answer = self._answers[min(len(self.asked), len(self._answers)) - 1]
            if isinstance(answer, Exception):
                raise answer
            return answer

        scripted.__name__ = scripted.__qualname__ = f"script_of_{contract.name}"
        scripted.__annotations__ = {"message": contract.input_type, "return": contract.output_type}
        super().__init__(contract, scripted)


class Lost(msgspec.Struct, frozen=True):
    """Be an answer that was given and never arrived; an inquiry finds it."""

    answer: Any


class LostForGood(msgspec.Struct, frozen=True):
    """Be an answer that never arrived, and that nobody can say anything about."""


class ScriptedGateway:
    """Reach an outside that gives one answer a call, the last one again and again.

    It keeps what it did by reference in `done`, and refuses a reference that it knows, as venues do. An exception
    is raised before anything is done; `Lost` and `LostForGood` lose the answer on its way.
    """

    def __init__(self, *answers: Any) -> None:
        self.done: dict[str, Any] = {}
        self.called: list[str] = []
        self._answers = answers
        self._unknown: set[str] = set()

    def call(self, reference: str, request: Any) -> Any:
        """Do it, once."""
        del request
        assert reference not in self.done, f"the outside was called twice with {reference}"
        self.called.append(reference)
        answer = self._answers[min(len(self.called), len(self._answers)) - 1]
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, LostForGood):
            self._unknown.add(reference)
            raise ConnectionError("the answer was lost")
        if isinstance(answer, Lost):
            self.done[reference] = answer.answer
            raise ConnectionError("the answer was lost")
        self.done[reference] = answer
        return answer

    def inquire(self, reference: str, request: Any) -> Any | None:
        """Return what was answered, or None."""
        del request
        if reference in self._unknown:
            raise AnswerUnknown("the outside does not say", place=reference)
        return self.done.get(reference)


# Crashes


class Crash(BaseException):
    """Stand for the death of the process: nothing is tidied up, and nobody may catch it."""


class CrashAt:
    """Crash at some of the points that an engine passes, counted from 1, and keep their names in `passed`.

    An engine calls it with the name of the point, the run and the step.
    """

    def __init__(self, *numbers: int) -> None:
        self.passed: list[tuple[str, str, str]] = []
        self._numbers = frozenset(numbers)
        self._lock = threading.Lock()

    def crash_in(self, *points: int) -> None:
        """Crash when so many more points were passed."""
        with self._lock:
            self._numbers = frozenset(len(self.passed) + number for number in points)

    def __call__(self, point: str, run_id: str, step: str) -> None:
        """Pass a point, or die there."""
        with self._lock:
            self.passed.append((point, run_id, step))
            number = len(self.passed)
        if number in self._numbers:
            raise Crash(f"{point} of {step}, the {number}. point")


# A world to run in


class Laptop(World, Protocol):
    """Be a world on a temporary database, with what tests look at beside what laws do."""

    def __enter__(self) -> Self:
        """Open the world."""
        ...

    def __exit__(self, *exception: object) -> None:
        """Close it, and remove its database."""
        ...

    def settle(self) -> None:
        """Let everything go as far as it can without time passing."""
        ...

    def stop(self) -> None:
        """End the engine as a process ends that is killed; `restart` opens another one."""
        ...

    def restart(self) -> None:
        """End the engine as a process ends that is killed, and open another one on the same database."""
        ...

    def status_of(self, contract: Contract[Any, Any], identity: str) -> str:
        """Return how the run of an identity stands."""
        ...

    def dead_letters(self) -> int:
        """Return for how many things a person is asked."""
        ...

    def journal(self, run_id: str) -> list[tuple[str, str, str]]:
        """Return the (step, kind, subject) of a run's entries, in order."""
        ...


def run_locally(app: App | Composition, *, faults: Callable[[str, str, str], None] | None = None) -> Laptop:
    """Return a world that runs an App by the embedded engine, on a temporary SQLite database and a moved clock.

    `faults` is called at every point where a crash could matter; what it raises as `Crash` ends the engine there,
    and another one takes over.
    """
    # Core imports no adapter; the world that tests run in is the one thing it looks up by name.
    found: Any = importlib.import_module("isthmus.adapters.local.testing")
    world: Laptop = found.LocalWorld(app, faults=faults)
    return world
