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
from typing import TYPE_CHECKING, Any

from isthmus.core.annotations import named
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
        super().__init__(f"app {app} has {count}:\n" + "\n".join(problems))


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
        self.name = name
        fulfils = list(fulfils)
        self.handlers = [one for one in fulfils if isinstance(one, Handler)]
        self.workflows = [one for one in fulfils if isinstance(one, Workflow)]
        self.strangers = [one for one in fulfils if not isinstance(one, Handler | Workflow)]
        self.topics = tuple(topics)
        self.streams = tuple(streams)
        self.schedules = tuple(schedules)
        self.endpoints = tuple(endpoints)
        self.late_events = dict(late_events or {})
        for event, contract in self.late_events.items():
            contract_of(contract, f"late event {event.__name__}")
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
        """
        if on is not None and on not in BACKENDS:
            raise SourceError(f"{on!r} is no backend", place="App.bind", instead=f"one of {', '.join(BACKENDS)}")
        if port in PROVIDED or is_table(port):
            raise SourceError(
                f"port {named(port)} is {'a table' if is_table(port) else 'provided'}, and nothing is bound to it",
                place="App.bind",
                instead="let handlers ask for it: every unit of work has it; bind a port of your own",
            )
        if (port, on) in self.bindings:
            where = f" on {on}" if on else ""
            raise SourceError(
                f"port {named(port)} is bound twice{where}", place="App.bind", instead="bind it once a backend"
            )
        self.bindings[port, on] = Binding(
            port=port, implementation=implementation, secrets=secrets, hosts=hosts, countries=countries
        )

    def load(self, kept: Sequence[Kept] = ()) -> Composition:
        """Check everything, and return the composition that backends run.

        With the kept sources of earlier versions, runs that began with these are carried on by them.

        Raises AppRefused (ISTH110) with every problem found, those of the workflows' sources among them.
        """
        from isthmus.core.composition import compose  # noqa: PLC0415  # the checker is slow to import

        return compose(self, kept)
