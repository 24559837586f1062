"""What an App refuses when it is loaded, and what it becomes when it is right."""

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, cast

import pytest

from isthmus.core import (
    PERSONAL,
    App,
    AppRefused,
    Clock,
    Event,
    Message,
    Publisher,
    Records,
    Reference,
    SourceError,
    Undo,
    contract,
    endpoint,
    handles,
    schedule,
    stream,
    topic,
    workflow,
)
from isthmus.core.app import BACKENDS

sys.path.insert(0, str(Path(__file__).parent))
from desk import (
    RIGHT,
    Bank,
    FixedRates,
    Held,
    Nothing,
    Order,
    Placed,
    Rates,
    Tick,
    Venue,
    Verdict,
    book,
    desk,
    hold,
    hold_in_records,
    keep,
    place,
    place_flow,
    release_in_records,
    sweep,
    tell,
    watch,
    without,
)


def problems_of(app: App) -> str:
    with pytest.raises(AppRefused) as refused:
        app.load()
    return "\n".join(refused.value.problems)


def test_an_app_that_is_right_is_loaded() -> None:
    composition = desk().load()

    assert set(composition.handlers) == {"hold", "release", "book", "tell", "watch", "sweep", "keep"}
    assert set(composition.workflows) == set(composition.programs) == {"place"}
    assert composition.topic_of(Placed).name == "orders.placed"
    assert composition.refusal("hold", "Closed").__name__ == "Closed"
    assert composition.contract("place") is place
    assert {backend: composition.binding(Rates, backend).implementation for backend in BACKENDS} == dict.fromkeys(
        BACKENDS, FixedRates
    )


# Each of these makes one thing wrong, and gives the words that say it.


@contract()
def wrong_undo(undo: Undo[Placed, None]) -> None:
    """Undo something else."""


@contract(undone_by=cast("Any", wrong_undo))
def ship(order: Order) -> Held:
    """Ship it."""


@contract()
def answering_undo(undo: Undo[Order, Held]) -> Held:
    """Undo, and answer."""


@contract(undone_by=cast("Any", answering_undo))
def send(order: Order) -> Held:
    """Send it."""


@contract()
def unstated(order: Order) -> Held:
    """Leave open what taking it back means."""


class Nameless(Message):
    text: str


class Homeless(Message, identity="id"):
    id: str
    name: Annotated[str, PERSONAL]


@contract()
def begin(nameless: Nameless) -> None:
    """Begin without an identity."""


@contract(final=True)
def keep_name(homeless: Homeless) -> None:
    """Keep a name that belongs to nobody."""


def other_hold() -> Any:
    def hold(order: Order) -> Held:
        """Be called as another contract is."""
        raise NotImplementedError

    return contract(final=True)(hold)


@handles(ship)
def ship_it(order: Order) -> Held: ...


@handles(send)
def send_it(order: Order) -> Held: ...


@handles(wrong_undo)
def undo_wrongly(undo: Undo[Placed, None]) -> None: ...


@handles(answering_undo)
def undo_and_answer(undo: Undo[Order, Held]) -> Held: ...


@handles(unstated)
def do_unstated(order: Order) -> Held: ...


@handles(keep_name)
def keep_the_name(homeless: Homeless) -> None: ...


@handles(hold)
def hold_at_both(order: Order, venue: Venue, bank: Bank) -> Held: ...


@handles(hold)
def hold_and_publish(order: Order, rates: Rates, ticks: Publisher[Tick]) -> Held: ...


@workflow(begin)
async def begin_flow(nameless: Nameless) -> None:
    return


OTHER_HOLD = other_hold()
OTHER_VERDICT: Any = type(Verdict)("Verdict", (Event,), {"__module__": __name__})


@contract(final=True)
def keep_other(verdict: OTHER_VERDICT) -> None:
    """Keep another verdict."""


class Thing(Message):
    imagined: complex


@contract(final=True)
def keep_thing(thing: Thing) -> None:
    """Keep a thing."""


@handles(keep_thing)
def keep_the_thing(thing: Thing) -> None: ...


@handles(hold)
def hold_things(order: Order, rates: Rates, things: Records[Thing]) -> Held: ...


@handles(OTHER_HOLD)
def hold_otherwise(order: Order) -> Held: ...


def fulfilling(*more: Any) -> App:
    return desk(fulfils=[*RIGHT["fulfils"], *more])


def bound_on_the_laptop_alone() -> App:
    app = desk(bound=False)
    app.bind(Rates, FixedRates, on="local")
    return app


WRONG: dict[str, tuple[Callable[[], App], str]] = {
    "a contract that nobody fulfils": (
        lambda: desk(fulfils=without(release_in_records)),
        "nobody fulfils contract release (add its handler or workflow to fulfils)",
    ),
    "a contract that two fulfil": (
        lambda: fulfilling(hold_at_both),
        "contract hold is fulfilled by <handler hold_in_records of hold> and by <handler hold_at_both of hold>",
    ),
    "two contracts of one name": (
        lambda: desk(fulfils=[*without(hold_in_records), hold_otherwise]),
        "two contracts are called hold, this one and that of",
    ),
    "something that fulfils nothing": (lambda: fulfilling(len), "len fulfils nothing"),
    "a contract that is neither reads, undone_by nor final": (
        lambda: fulfilling(do_unstated),
        "contract unstated is neither reads, undone_by nor final",
    ),
    "an undo of something else": (
        lambda: fulfilling(ship_it, undo_wrongly),
        "wrong_undo cannot undo ship (take Undo[Order, Held])",
    ),
    "an undo that answers": (
        lambda: fulfilling(send_it, undo_and_answer),
        "undo answering_undo answers Held (return None)",
    ),
    "a port that is not bound": (
        lambda: desk(bound=False),
        "port Rates, asked for as 'rates' by hold_in_records, is not bound (call app.bind(Rates, …))",
    ),
    "a port that is bound on the laptop alone": (bound_on_the_laptop_alone, "is not bound on azure, google"),
    "a handler with two gateways": (
        lambda: desk(fulfils=[*without(hold_in_records), hold_at_both]),
        "asks for 2 gateways (split it: one call, one contract)",
    ),
    "a topic that nobody publishes": (
        lambda: desk(topics=[*RIGHT["topics"], topic("ticks", Tick, key="symbol")]),
        "topic ticks: nobody publishes Tick (let a handler ask for Publisher[Tick], or say external=True)",
    ),
    "a message with two topics": (
        lambda: desk(topics=[*RIGHT["topics"], topic("again", Placed, key="order")]),
        "topic again: Placed has two topics",
    ),
    "a topic ordered by no field": (
        lambda: desk(topics=[topic("orders.placed", Placed, key="id")]),
        "topic orders.placed: Placed has no field 'id' (it has order) to order by",
    ),
    "a stream partitioned by no field": (
        lambda: desk(streams=[stream("ticks", Tick, key="id", into=watch)]),
        "stream ticks: Tick has no field 'id' (it has symbol) to partition by",
    ),
    "two topics of one name": (
        lambda: desk(topics=[*RIGHT["topics"], topic("orders.placed", Tick, key="symbol", external=True)]),
        "topic orders.placed is declared twice (rename one)",
    ),
    "two streams of one name": (lambda: desk(streams=RIGHT["streams"] * 2), "stream ticks is declared twice"),
    "two schedules of one name": (lambda: desk(schedules=RIGHT["schedules"] * 2), "schedule sweep is declared twice"),
    "two events of one name": (
        lambda: desk(late_events={**RIGHT["late_events"], OTHER_VERDICT: keep_other}),
        "two events are called Verdict, this one and desk.Verdict (rename one: events are sent by their names)",
    ),
    "a message that JSON cannot hold": (
        lambda: fulfilling(keep_the_thing),
        "Thing cannot travel: complex is nothing that JSON can hold (use types that JSON can hold)",
    ),
    "records that JSON cannot hold": (
        lambda: desk(fulfils=[*without(hold_in_records), hold_things]),
        "Thing cannot travel",
    ),
    "a message that no topic carries": (
        lambda: desk(fulfils=[*without(hold_in_records), hold_and_publish]),
        "no topic carries Tick (add topic(…) to the App)",
    ),
    "a subscriber that takes another message": (
        lambda: desk(topics=[topic("orders.placed", Placed, key="order", subscribers=[cast("Any", watch)])]),
        "topic orders.placed: watch takes Tick, not Placed",
    ),
    "a stream into a contract that takes another message": (
        lambda: desk(streams=[stream("ticks", Tick, key="symbol", into=cast("Any", tell))]),
        "stream ticks: tell takes Placed, not Tick",
    ),
    "a schedule of another message": (
        lambda: desk(
            schedules=[
                schedule("s", every=RIGHT["schedules"][0].every, starts=cast("Any", tell), message=Nothing(day=""))
            ]
        ),
        "schedule s: tell takes Placed, not Nothing",
    ),
    "a late event handled by a contract that takes another": (
        lambda: desk(late_events={Verdict: tell}),
        "late event Verdict: tell takes Placed, not Verdict",
    ),
    "an event that nobody handles when it is late": (
        lambda: desk(late_events={}),
        "workflow of place waits for Verdict, and nobody handles one that comes late",
    ),
    "a workflow whose runs cannot be told apart": (
        lambda: fulfilling(begin_flow),
        "Nameless names no identity, so its runs cannot be told apart",
    ),
    "personal data of nobody": (
        lambda: fulfilling(keep_the_name),
        "message Homeless has PERSONAL fields and names no subject",
    ),
    "an endpoint that is declared twice": (
        lambda: desk(endpoints=[endpoint("POST", "/a", starts=place), endpoint("post", "/a", starts=sweep)]),
        "endpoint POST /a is declared twice",
    ),
}


@pytest.mark.parametrize("mistake", WRONG)
def test_an_app_is_refused_for(mistake: str) -> None:
    make, words = WRONG[mistake]

    assert words in problems_of(make())


def test_all_problems_are_told_at_once() -> None:
    wrong = desk(bound=False, fulfils=without(release_in_records), late_events={})

    with pytest.raises(AppRefused, match="app desk has 3 problems") as refused:
        wrong.load()

    assert len(refused.value.problems) == 3


def test_a_port_is_bound_once_a_backend() -> None:
    app = desk()

    with pytest.raises(SourceError, match="port Rates is bound twice"):
        app.bind(Rates, FixedRates)
    with pytest.raises(SourceError, match="'mars' is no backend"):
        app.bind(Rates, FixedRates, on="mars")


@pytest.mark.parametrize(("port", "what"), [(Records[Held], "a table"), (Clock, "provided"), (Reference, "provided")])
def test_a_table_or_what_is_provided_is_not_bound(port: Any, what: str) -> None:
    """It was ignored: handlers got the table all the same."""
    with pytest.raises(SourceError, match=f"is {what}, and nothing is bound to it") as refused:
        desk().bind(port, dict)
    assert refused.value.place.startswith(f"{__file__}:")


class AzureRates(FixedRates):
    pass


def test_a_binding_for_one_backend_goes_before_that_for_all() -> None:
    app = desk()
    app.bind(Rates, AzureRates, on="azure")
    composition = app.load()

    assert composition.binding(Rates, "azure").implementation is AzureRates
    assert composition.binding(Rates, "local").implementation is FixedRates


def test_the_blueprint_says_what_is_deployed_and_with_which_permissions() -> None:
    plan = desk().load().blueprint
    functions = {one.contract: one for one in plan.functions}
    (port,) = plan.ports

    assert functions["hold"].ports == ("Records[Held]", "Rates")
    assert functions["hold"].undone_by == "release"
    assert functions["hold"].refuses == ("Closed",)
    assert functions["hold"].data_classes == ("financial", "personal")
    assert functions["book"].unit == "books"
    assert plan.units == ("books", "normal")
    assert plan.workflows[0].calls == ("hold", "book")
    assert plan.workflows[0].waits_for == ("Verdict",)
    assert plan.topics[0].publishers == ("book",)
    assert plan.topics[0].subscribers == ("tell",)
    assert plan.streams[0].into == "watch"
    assert plan.schedules[0].every_seconds == 3600
    assert plan.endpoints[0].method == "POST"
    assert plan.late_events == (("Verdict", "keep"),)
    assert (port.port, port.kind, port.secrets) == ("Rates", "bound", ("token",))
    assert (port.hosts, port.countries) == (("rates.example",), ("IE",))


def test_the_code_version_follows_the_programs() -> None:
    assert desk().load().blueprint.code_version == desk().load().blueprint.code_version
    assert place_flow.contract is place
    assert keep.name == "keep"
    assert book.unit == "books"
