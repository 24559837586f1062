"""The App: which handlers and workflows fulfil which contracts, and what reaches them.

app = App(
    "brokerage",
    fulfils=[validate_fields, execute_at_venue, order_flow],
    topics=[topic("orders.accepted", OrderAccepted, key="order_id", subscribers=[track_order])],
    endpoints=[endpoint("POST", "/orders", starts=place_order)],
)
app.bind(Venue, PaperVenue, hosts=["venue.example"], countries=["IE"])
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NewType, get_origin

from isthmus.core.annotations import expect, expect_several, named, place_of_call, shown
from isthmus.core.contract import Contract, contract_of
from isthmus.core.errors import SourceError
from isthmus.core.handler import Handler
from isthmus.core.message import Event
from isthmus.core.ports import PROVIDED, Binding, Configuration, is_table
from isthmus.core.trigger import Endpoint, Schedule, Stream, Topic
from isthmus.core.workflow import Workflow

if TYPE_CHECKING:
    from isthmus.core.composition import Composition
    from isthmus.core.program.kept import Kept

BACKENDS = ("local", "azure", "google")


class AppRefused(SourceError):
    """Report every reason for which an App cannot be loaded."""

    code = "ISTH110"

    def __init__(self, app: str, problems: Sequence[str]) -> None:
        self.problems = tuple(problems)
        count = "1 problem" if len(problems) == 1 else f"{len(problems)} problems"
        super().__init__(f"app {app} has {count}")

    def __str__(self) -> str:
        return "\n".join([f"{self.problem} [{self.code}]:", *self.problems])


class App:
    """Compose contracts, the handlers and workflows that fulfil them, and the triggers that reach them."""

    def __init__(
        self,
        name: str,
        *,
        fulfils: Sequence[Handler[..., Any] | Workflow[Any, Any]],
        topics: Sequence[Topic] = (),
        streams: Sequence[Stream] = (),
        schedules: Sequence[Schedule] = (),
        endpoints: Sequence[Endpoint] = (),
        late_events: Mapping[type[Event], Contract[Any, Any]] | None = None,
        policy_version: str = "1",
    ) -> None:
        expect(name, str, "name of an App", 'write it first, as in App("fees", fulfils=[…])')
        _expect_parts(name, fulfils=fulfils, topics=topics, streams=streams, schedules=schedules, endpoints=endpoints)
        expect(policy_version, str, f"app {name}: policy_version", 'write a text, as in policy_version="1"')
        _expect_late_events(name, late_events)
        self.name = name
        self.place = place_of_call()
        self.handlers = [one for one in fulfils if isinstance(one, Handler)]
        self.workflows = [one for one in fulfils if isinstance(one, Workflow)]
        self.strangers = [one for one in fulfils if not isinstance(one, Handler | Workflow)]
        self.topics = tuple(topics)
        self.streams = tuple(streams)
        self.schedules = tuple(schedules)
        self.endpoints = tuple(endpoints)
        self.late_events = dict(late_events or {})
        self.policy_version = policy_version
        self.bindings: dict[tuple[Any, str | None], Binding] = {}

    def bind(
        self,
        port: Any,
        implementation: Callable[[], object] | Callable[[Configuration], object],
        *,
        secrets: Sequence[str] = (),
        hosts: Sequence[str] = (),
        countries: Sequence[str] = (),
        on: str | None = None,
    ) -> None:
        """Bind a port to what makes its implementation, on every backend or on the one named.

        The implementation is called once, with a `Configuration` if it takes one. Declare the names of the secrets
        it reads, the hosts it calls and the countries these stand in: permissions, egress and residency follow.

        Raises SourceError (ISTH100) when the binding cannot be; whether the implementation fits the port is said
        when the App is loaded.
        """
        place = place_of_call()
        _expect_binding(port, implementation, secrets=secrets, hosts=hosts, countries=countries)
        if on is not None and on not in BACKENDS:
            raise SourceError(f"{on!r} is no backend", place=place, instead=f"one of {', '.join(BACKENDS)}")
        if port in PROVIDED or is_table(port):
            raise SourceError(
                f"port {named(port)} is {'a table' if is_table(port) else 'provided'}, and nothing is bound to it",
                place=place,
                instead="let handlers ask for it: every unit of work has it; bind a port of your own",
            )
        if (port, on) in self.bindings:
            where = f" on {on}" if on else ""
            raise SourceError(
                f"port {named(port)} is bound twice{where}", place=place, instead="bind it once a backend"
            )
        self.bindings[port, on] = Binding(
            port=port,
            implementation=implementation,
            secrets=secrets,
            hosts=hosts,
            countries=countries,
            place=place,
        )

    def load(self, kept: Sequence[Kept] = ()) -> Composition:
        """Check everything, and return the composition that backends run.

        With the kept sources of earlier versions, runs that began with these are carried on by them.

        Raises AppRefused (ISTH110) with every problem found, those of the workflows' sources among them.
        """
        from isthmus.core.composition import compose  # noqa: PLC0415  # the checker is slow to import

        return compose(self, kept)


def _expect_parts(app: str, **parts: object) -> None:
    expect_several(
        parts.pop("fulfils"), object, f"app {app}: fulfils", "list handlers and workflows, as in fulfils=[hold_funds]"
    )
    for (name, values), kind in zip(parts.items(), (Topic, Stream, Schedule, Endpoint), strict=True):
        one = name.removesuffix("s")
        expect_several(values, kind, f"app {app}: {name}", f"list them, as in {name}=[{one}(…)]")


def _expect_late_events(app: str, late_events: object) -> None:
    instead = "give a dict, as in late_events={Verdict: keep_late_verdict}"
    expect(late_events, (Mapping, type(None)), f"app {app}: late_events", instead)
    for event, contract in late_events.items() if isinstance(late_events, Mapping) else ():
        if not (isinstance(event, type) and issubclass(event, Event)):
            raise SourceError(
                f"app {app}: late event {shown(event)} is no class derived from Event",
                place=place_of_call(),
                instead=instead,
            )
        contract_of(contract, f"late event {event.__name__}")


def _expect_binding(port: object, implementation: object, **declared: object) -> None:
    if not isinstance(get_origin(port) or port, type | NewType):
        raise SourceError(
            f"port {shown(port)} is no type", place=place_of_call(), instead="bind a class derived from Protocol"
        )
    if not callable(implementation):
        raise SourceError(
            f"port {named(port)} is bound to {shown(implementation)}, which cannot be called",
            place=place_of_call(),
            instead="bind a class, or a function that returns an object of it",
        )
    for name, values in declared.items():
        expect_several(values, str, f"port {named(port)}: {name}", f'list texts, as in {name}=["…"]')
