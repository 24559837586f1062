"""What a shop must come to, said without Isthmus: plain Python over dictionaries.

Nothing of the product is imported here, and nothing of how it works is known: no keys, no records, no replay. An
order goes through its steps; each does its work once, refuses, fails for ever, or cannot be known; what is not caught
is taken back in reverse; a person is asked where that cannot be. Crashes are not mentioned: they must not show.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field

WAIT_MINUTES = 30

WORKS = ("ok", "few", "lost")
ENDED = ("completed", "refused", "failed", "timed_out")


@dataclass
class Run:
    """Be one order on its way."""

    plan: dict[str, str]
    client: str
    amount: int
    status: str = "new"
    done: list[str] = field(default_factory=list)
    queue: list[bool] = field(default_factory=list)
    due: int | None = None


@dataclass
class Model:
    """Be the world as it must be."""

    minute: int = 0
    runs: dict[str, Run] = field(default_factory=dict)
    balances: Counter[str] = field(default_factory=Counter)
    counts: Counter[str] = field(default_factory=Counter)
    fills: Counter[str] = field(default_factory=Counter)
    cancels: Counter[str] = field(default_factory=Counter)
    dead: Counter[str] = field(default_factory=Counter)

    def start(self, order: str, client: str, amount: int, plan: dict[str, str]) -> None:
        """Start an order; starting it again changes nothing."""
        if order in self.runs:
            return
        run = self.runs[order] = Run(plan=plan, client=client, amount=amount)
        self._begin(order, run)

    def verdict(self, order: str, approved: bool) -> None:
        """Let a verdict arrive: it is taken, kept until the order waits, or late."""
        run = self.runs.get(order)
        if run is None or run.status in ENDED:
            self.counts[f"late {order}"] += 1
            return
        run.queue.append(approved)
        if run.due is not None:
            self._judge(order, run)

    def move(self, minutes: int) -> None:
        """Let time pass."""
        self.minute += minutes
        for order, run in self.runs.items():
            if run.due is not None and run.due <= self.minute:
                run.due = None
                self._take_back(order, run, "timed_out")

    def _begin(self, order: str, run: Run) -> None:
        check, hold = run.plan["check"], run.plan["hold"]
        if hold in WORKS:
            self._hold(run, 1)
        if hold != "refuse":
            run.done.append("hold")
        if "fail" in (check, hold):
            return self._take_back(order, run, "failed")
        if "refuse" in (check, hold):
            return self._take_back(order, run, "refused")
        return self._fill(order, run)

    def _fill(self, order: str, run: Run) -> None:
        how = run.plan["fill"]
        if how in WORKS:
            self._pay(run, 1)
            self.fills[order] += 1
            run.done.append("fill")
            run.due = self.minute + WAIT_MINUTES
            if run.queue:
                self._judge(order, run)
        elif how == "refuse":
            self._take_back(order, run, "refused")
        elif how == "fail":
            run.done.append("fill")
            self._take_back(order, run, "failed")
        else:
            self._ask_a_person(order, run)

    def _judge(self, order: str, run: Run) -> None:
        run.due = None
        if not run.queue.pop(0):
            return self._take_back(order, run, "refused")
        if run.plan["book"] not in WORKS:  # what cannot be undone was not done either
            return self._take_back(order, run, "failed")
        self.counts[f"booked {order}"] += 1
        self.counts[f"told {order}"] += 1
        return self._end(order, run, "completed")

    def _take_back(self, order: str, run: Run, status: str) -> None:
        for step in reversed(run.done):
            worked = run.plan[step] in WORKS
            if step == "fill":
                how = run.plan["cancel"]
                if how not in WORKS:
                    return self._ask_a_person(order, run)
                self.cancels[order] += 1
                if worked:
                    self._pay(run, -1)
            else:
                if run.plan["release"] not in WORKS:
                    return self._ask_a_person(order, run)
                if worked:
                    self._hold(run, -1)
        return self._end(order, run, status)

    def _end(self, order: str, run: Run, status: str) -> None:
        run.status = status
        for _verdict in run.queue:  # nobody will wait for what is left
            self.counts[f"late {order}"] += 1
        run.queue.clear()

    def _ask_a_person(self, order: str, run: Run) -> None:
        run.status = "stuck"
        self.dead[order] += 1

    def _hold(self, run: Run, sign: int) -> None:
        self.balances[run.client] -= sign * run.amount
        self.balances["held"] += sign * run.amount

    def _pay(self, run: Run, sign: int) -> None:
        self.balances["held"] -= sign * run.amount
        self.balances["venue"] += sign * run.amount
