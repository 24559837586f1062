"""A deployment: one loaded App with what a process needs to do its units of work."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any, Protocol, get_origin

from isthmus.adapters.runtime.expressions import names_in
from isthmus.adapters.runtime.fulfilment import Fulfilment
from isthmus.adapters.runtime.home import stay_at_home
from isthmus.adapters.runtime.vault import Keyring, MasterKey
from isthmus.core.codec import Codec, codec
from isthmus.core.composition import Composition
from isthmus.core.errors import EnvironmentFault, IsthmusError, SourceError
from isthmus.core.implementation import takes_configuration
from isthmus.core.ports import Binding, Configuration
from isthmus.core.program import Program, statements
from isthmus.core.program.nodes import Await, Expression, WaitForEvent

log = logging.getLogger("isthmus.engine")


class Clock(Protocol):
    """Tell the time, in aware UTC."""

    def now(self) -> datetime:
        """Return this moment."""
        ...


class PortUnavailable(EnvironmentFault):
    """Report a port whose implementation cannot be made here."""

    code = "ISTH306"


class Timing:
    """Count how often a contract's handler was called, and the seconds that this took in all."""

    __slots__ = ("count", "seconds")

    def __init__(self) -> None:
        self.count = 0
        self.seconds = 0.0


class Deployment:
    """Hold a composition, prepared: handlers with their ports, the keys of persons, and a clock.

    `configure` gives each bound implementation what it declared; `backend` chooses among bindings that differ.
    Raises OutsideResidency (ISTH380) where a policy is set and this is not where it lets the handlers work.
    """

    def __init__(
        self,
        composition: Composition,
        *,
        backend: str,
        master: Callable[[], MasterKey],
        clock: Clock,
        configure: Callable[[Binding], Configuration],
    ) -> None:
        stay_at_home(composition.blueprint)
        self.composition = composition
        self.backend = backend
        self._make_master = master
        self.keyring = Keyring()
        self.clock = clock
        self.code_version = composition.blueprint.code_version
        self.policy_version = composition.blueprint.policy_version
        self.fulfilments: Mapping[str, Fulfilment] = {
            name: Fulfilment(handler) for name, handler in composition.handlers.items()
        }
        self.event_codecs: Mapping[str, Codec] = {name: codec(event) for name, event in composition.events.items()}
        self.owned_keys: Mapping[str, tuple[tuple[str, Expression], ...]] = {
            name: tuple(
                dict.fromkeys(
                    (wait.event, wait.key) for wait in waits(program) if depends_on_input_alone(wait, program)
                )
            )
            for name, program in composition.programs.items()
        }
        """By contract, the events and keys that its runs own from their start."""
        self.holders: Mapping[str, tuple[str, ...]] = {
            event: tuple(
                dict.fromkeys(
                    name
                    for (name, _), (_, program) in composition.versions.items()
                    if any(wait.event == event for wait in waits(program) if not depends_on_input_alone(wait, program))
                )
            )
            for event in composition.events
        }
        """By event, the contracts whose runs may yet come to own a key that their input alone does not tell."""
        self._configure = configure
        self._bound: dict[Any, Any] = {}
        self.timings: dict[str, Timing] = {}

    @cached_property
    def master(self) -> MasterKey:
        """Return the key that wraps the keys of persons; it is made when it is first needed."""
        return self._make_master()

    def port(self, port: Any) -> Any:
        """Return the implementation that a port is bound to; it is made when it is first asked for."""
        found = self._bound.get(port)
        if found is None:
            binding = self.composition.binding(port, self.backend)
            found = _make(binding, self._configure)
            self._bound[port] = found
        return found

    def waits_for_events(self, contract: str) -> bool:
        """Say whether runs of a contract may leave events behind in their queues."""
        programs = [program for (name, _), (_, program) in self.composition.versions.items() if name == contract]
        return any(next(waits(program), None) is not None for program in programs)

    def timed(self, contract: str, seconds: float) -> None:
        """Count a call of a contract's handler."""
        timing = self.timings.get(contract)
        if timing is None:
            timing = self.timings[contract] = Timing()
        timing.count += 1
        timing.seconds += seconds

    def open(self) -> None:
        """Make every implementation that handlers ask for, so that what is missing is missing at the start.

        Raises SecretUnavailable (ISTH305), SourceError, and whatever an implementation raises.
        """
        for fulfilment in self.fulfilments.values():
            for port in (*fulfilment.bound.values(), *([fulfilment.gateway[1]] if fulfilment.gateway else [])):
                self.port(port)

    def close(self) -> None:
        """Close the implementations of ports that can be closed, and forget them; one that fails holds up nothing."""
        for implementation in self._bound.values():
            close = getattr(implementation, "close", None)
            if callable(close):
                try:
                    close()
                except Exception as error:  # noqa: BLE001  # it is the implementation's own
                    log.error("%s cannot be closed: %s", type(implementation).__name__, type(error).__name__)  # noqa: TRY400
        self._bound.clear()

    def program(self, contract: str) -> Program | None:
        """Return the checked program of the workflow that fulfils a contract, or None when a handler does."""
        return self.composition.programs.get(contract)


def waits(program: Program) -> Iterator[WaitForEvent]:
    """Yield the waits of a program, in source order."""
    for statement in statements(program.body):
        if isinstance(statement, Await) and isinstance(statement.awaited, WaitForEvent):
            yield statement.awaited


def depends_on_input_alone(wait: WaitForEvent, program: Program) -> bool:
    """Say whether the key of a wait can be told from the workflow's input."""
    return names_in(wait.key) <= {program.parameter} and program.parameter not in assigned(program)


def assigned(program: Program) -> frozenset[str]:
    """Return the names that a program assigns."""
    found: set[str] = set()
    for statement in statements(program.body):
        found.update(getattr(statement, "targets", ()))
        if hasattr(statement, "name") and isinstance(statement.name, str):
            found.add(statement.name)
    return frozenset(found)


def _make(binding: Binding, configure: Callable[[Binding], Configuration]) -> Any:
    implementation = binding.implementation
    name = getattr(get_origin(binding.port) or binding.port, "__name__", str(binding.port))
    try:
        return implementation(configure(binding)) if takes_configuration(implementation) else implementation()
    except IsthmusError:
        raise
    except TypeError as error:
        raise SourceError(
            f"port {name} cannot be made: {error}",
            place=binding.place or f"App.bind({name}, …)",
            instead="bind a callable that takes a Configuration, or nothing",
        ) from error
    except Exception as error:
        raise PortUnavailable(
            f"port {name} cannot be made: {type(error).__name__}: {error}",
            place=binding.place or f"App.bind({name}, …)",
            instead="see that what it needs is there, then start again",
        ) from error
