"""Random workflows over the shop of the checker's tests, as source: every construct, odd texts, long names."""

from __future__ import annotations

import random
import textwrap

TEXTS = (
    "plain",
    'it\'s "quoted" \\ back',
    "${not an expression} ${${",
    "línea größer 日本",
    "😀 wide",
    "bell \x07 and \x7f",
    "next\u0085line\u2028separator\ufeff",
    "tab\tline\nreturn\r",
    "",
    "x" * 200,
    "'" * 60,
    "${" * 40,
    "\n${\n" * 8,
)
TESTS = (
    "order.urgent",
    "order.side == Side.SELL",
    "order.quantity > 3 and not order.urgent",
    "order.note is not None and order.note != ''",
    "order.note is None or order.note == 'x' or order.quantity + 1 < 12",
    "len(order.lines) > 2",
    "order.side in [Side.BUY, Side.SELL]",
    "'a' in order.tags",
    "order.id not in order.tags",
    "(order.note is not None and order.note == 'y') or order.urgent",
)
HEAD = "@workflow({contract})\nasync def {contract}_flow(order: Order) -> Done:\n"


class Programs:
    """Write one workflow after the other, with the same dice."""

    def __init__(self, seed: int) -> None:
        self._dice = random.Random(seed)
        self._names = 0

    def module(self, statements: int, *, parent: bool = False) -> str:
        """Return a module with a workflow of so many statements; a parent awaits another of as many."""
        flows = [("child", self.body(statements))] if parent else []
        flows.append(("place", self.body(statements, parent=parent)))
        return "\n\n".join(HEAD.format(contract=name) + textwrap.indent(body, "    ") for name, body in flows)

    def body(self, statements: int, *, parent: bool = False) -> str:
        """Return the body of a workflow."""
        lines = ["number = 0"]
        if parent:
            lines += ["one = await child(order)", "await gather(child(order), look(order))"]
        while len(lines) < statements:
            lines += self._statement(0, 0, in_loop=False)
        return "\n".join([*lines, f"return {self._done()}"]) + "\n"

    def _name(self) -> str:
        self._names += 1
        return f"v{self._names}" + "x" * self._dice.choice((0, 0, 4, 50))

    def _text(self) -> str:
        return repr(self._dice.choice(TEXTS))

    def _done(self) -> str:
        return self._dice.choice(
            (
                "Done(id=order.id)",
                f"Done(id={self._text()}, side=order.side, quantity=number, note=order.note)",
                'Done(id=f"{order.id}-{number}", note=None)',
            )
        )

    def _block(self, depth: int, loops: int, *, in_loop: bool) -> list[str]:
        lines = self._statement(depth, loops, in_loop=in_loop)
        if self._dice.random() < 0.4:
            lines += self._statement(depth, loops, in_loop=in_loop)
        return [f"    {line}" for line in lines]

    def _statement(self, depth: int, loops: int, *, in_loop: bool) -> list[str]:
        plain = (self._call, self._gather, self._each, self._sleep, self._wait, self._assign, self._assign)
        nested = (self._if, self._try, self._refuse, self._return, self._for, self._range, self._while)
        choices = plain if depth >= 5 else (*plain, *nested[: 4 if loops >= 3 else None])
        chosen = self._dice.choice(choices)
        return chosen(depth, loops, in_loop)

    def _call(self, *_: object) -> list[str]:
        contract = self._dice.choice(("check", "look", "hold"))
        return self._dice.choice(([f"await {contract}(order)"], [f"{self._name()} = await {contract}(order)"]))

    def _gather(self, *_: object) -> list[str]:
        count = self._dice.randint(2, 10)
        calls = ", ".join(f"{self._dice.choice(('check', 'look', 'hold'))}(order)" for _ in range(count))
        names = ", ".join(self._name() for _ in range(count))
        return [self._dice.choice((f"await gather({calls})", f"{names} = await gather({calls})"))]

    def _each(self, *_: object) -> list[str]:
        call = f"await each(look_at, order.lines, at_most={self._dice.randint(1, 10)})"
        return [self._dice.choice((call, f"{self._name()} = {call}"))]

    def _sleep(self, *_: object) -> list[str]:
        return [f"await sleep({self._dice.choice(('minutes(2)', 'seconds(order.quantity)', 'WINDOW'))})"]

    def _wait(self, *_: object) -> list[str]:
        key = self._dice.choice(("order.id", 'f"{order.id}/{number}"', self._text().replace("''", "'k'")))
        wait = f"await wait_for(Verdict, key={key}, within=hours(3))"
        return [self._dice.choice((wait, f"{self._name()} = {wait}"))]

    def _assign(self, *_: object) -> list[str]:
        return self._dice.choice(
            (
                [f"{self._name()} = {self._text()}"],
                [f"{self._name()} = Line(sku={self._text()}, quantity=number)"],
                [f'{self._name()} = f"{{order.id}} and {{order.quantity}} of {{order.client}}"'],
                [f"{self._name()} = [Line(sku=order.id, quantity=1), Line(sku='b', quantity=2)]"],
                [f"{self._name()} = [order.id, {self._text()}]"],
                ["number = order.quantity + 1 - number"],
            )
        )

    def _if(self, depth: int, loops: int, in_loop: bool) -> list[str]:
        lines = [f"if {self._dice.choice(TESTS)}:", *self._block(depth + 1, loops, in_loop=in_loop)]
        if self._dice.random() < 0.4:
            lines += ["else:", *self._block(depth + 1, loops, in_loop=in_loop)]
        return lines

    def _refuse(self, *_: object) -> list[str]:
        raised = self._dice.choice((f"Rejected(rule={self._text()})", "Short(missing=number)", "Short"))
        return ["if order.urgent:", f"    raise {raised}"]

    def _return(self, *_: object) -> list[str]:
        return [f"if {self._dice.choice(TESTS)}:", f"    return {self._done()}"]

    def _try(self, depth: int, loops: int, in_loop: bool) -> list[str]:
        lines = ["try:", "    await hold(order)", "    await check(order)"]
        lines += [] if depth >= 4 else self._block(depth + 1, loops, in_loop=in_loop)
        caught = self._name()
        lines += ["except Short:", "    pass"] if self._dice.random() < 0.5 else []
        lines += [f"except Rejected as {caught}:"]
        again = self._dice.choice((["    raise"], [f"    raise {caught}"], []))
        lines += again or self._block(depth + 1, loops, in_loop=in_loop)
        if in_loop:
            lines += ["else:", f"    {self._dice.choice(('break', 'continue', 'number += 1'))}"]
        return lines

    def _for(self, depth: int, loops: int, _: bool) -> list[str]:
        return [f"for {self._name()} in order.lines:", *self._turn(depth, loops)]

    def _range(self, depth: int, loops: int, _: bool) -> list[str]:
        return [f"for {self._name()} in range({self._dice.randint(1, 4)}):", *self._turn(depth, loops)]

    def _while(self, depth: int, loops: int, _: bool) -> list[str]:
        counter = self._name()
        test = f"while {counter} < 3 and {self._dice.choice(TESTS[:3])}:"
        return [f"{counter} = 0", test, f"    {counter} += 1", *self._turn(depth, loops)]

    def _turn(self, depth: int, loops: int) -> list[str]:
        lines = self._block(depth + 1, loops + 1, in_loop=True)
        if self._dice.random() < 0.3:
            lines += ["    if order.urgent:", f"        {self._dice.choice(('break', 'continue'))}"]
        return lines
