"""A checked program as routines of Workflows.

await execute_order(order)       call: isthmus_step, POST {unit}/contracts/execute_order
await gather(a(x), b(x))         parallel, a shared reply each; isthmus_settle when not all are answers. A name that is
                                 given nothing else stands for the answer in its reply, which is not copied
await each(a, xs, at_most=5)     parallel for with concurrency_limit: 5; then isthmus_settle
await wait_for(E, key=k, …)      call: isthmus_wait_event, which registers a callback and asks the mailbox
try … except Rejected            a try that keeps the error, then a switch on its tags
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import PurePath

from isthmus.adapters.gcp.expressions import Expressions
from isthmus.adapters.gcp.naming import Names, environment, variable
from isthmus.adapters.gcp.routine import (
    AnyStep,
    Assign,
    Call,
    Case,
    For,
    Formula,
    Items,
    Parallel,
    Raise,
    Record,
    Return,
    Routine,
    Switch,
    Try,
    Value,
    of_turn,
    record,
)
from isthmus.adapters.gcp.support import too_large
from isthmus.adapters.runtime.execution import COMMAND_BYTES_MAX
from isthmus.core.codec import MESSAGE_BYTES_MAX
from isthmus.core.composition import Composition
from isthmus.core.program import Program, nodes
from isthmus.core.program.explain import assigned

SECONDS = {"seconds": 1, "minutes": 60, "hours": 3_600, "days": 86_400}
MARGIN_S = 60
"""What an HTTP call may take on top of the contract's timeout, which the function keeps."""


def address(unit: str) -> Formula:
    """Return the URL that the paths of a unit's functions stand below."""
    return Formula(f'sys.get_env("{environment(unit)}")')


class Lowering:
    """Lower one program."""

    def __init__(self, composition: Composition, program: Program, name: str) -> None:
        self._composition = composition
        self._routine = name
        self._program = program
        self._unit = composition.contracts[program.contract].unit
        self._names = Names()
        self._steps: list[AnyStep] = []
        self._turns = any(".body." in place for _, place in program.places)
        self._ordinal = -1
        self._variables: dict[str, Value] = {"at": "", "nothing": Items(())}
        if self._turns:
            self._variables["ordinal"] = -1
        self._assigned = Counter(assigned(program))
        self._in_try = False
        self._file = PurePath(program.file).name

    def routine(self) -> Routine:
        """Return the routine of the program's body: it returns an answer, or raises how the run ends."""
        body = self._block(self._program.body)
        line = self._program.body[0].span.line if self._program.body else 0
        pairs = list(self._variables.items())
        begin = [
            Assign(name=self._names.step(line, "begin"), line=line, values=tuple(pairs[start : start + 50]))
            for start in range(0, len(pairs), 50)
        ]
        if not body or not isinstance(body[-1], Return | Raise):
            body = (*body, Return(name="ended", value=record(state="answered", answer=None, step="")))
        return Routine(
            name=self._routine,
            params=("run_id", variable(self._program.parameter)),
            steps=(*begin, *body),
            purpose=f"{self._program.contract}, version {self._program.version}",
            file=self._program.file,
        )

    def _block(self, statements: Sequence[nodes.Statement]) -> tuple[AnyStep, ...]:
        outer, self._steps = self._steps, []
        for statement in statements:
            self._statement(statement)
        made, self._steps = self._steps, outer
        return tuple(made)

    def _add(self, step: AnyStep) -> None:
        self._steps.append(step)

    def _name(self, node: nodes.Node, what: str) -> str:
        return self._names.step(node.span.line, what)

    def _value(self, expression: nodes.Expression) -> Value:
        return Expressions(self._names, self._add).value(expression, expression.span.line)

    def _formula(self, expression: nodes.Expression) -> Formula:
        return Formula(Expressions(self._names, self._add).formula(expression, expression.span.line))

    def _declare(self, name: str, value: Value = None) -> str:
        if name != variable(self._program.parameter):
            self._variables.setdefault(name, value)
        return name

    def _set(self, node: nodes.Node, what: str, *pairs: tuple[str, Value]) -> None:
        self._add(Assign(name=self._name(node, what), line=node.span.line, values=pairs))

    def _statement(self, node: nodes.Statement) -> None:
        match node:
            case nodes.Await():
                self._await(node)
            case nodes.Assign(name=name, value=value):
                self._set(node, f"set_{name}", (self._declare(variable(name)), self._value(value)))
            case nodes.If(test=test, then=then, orelse=orelse):
                condition = self._formula(test)
                cases = [Case(condition=condition, steps=self._filled(node, then))]
                if orelse:
                    cases.append(Case(condition=True, steps=self._filled(node, orelse)))
                self._add(Switch(name=self._name(node, "if"), line=node.span.line, cases=tuple(cases)))
            case nodes.For() | nodes.Repeat() | nodes.While():
                self._loop(node)
            case nodes.Try():
                self._try(node)
            case nodes.Raise():
                self._raise(node)
            case nodes.Return(value=value):
                answer = None if value is None else self._value(value)
                done = record(state="answered", answer=answer, step="")
                self._add(Return(name=self._name(node, "return"), line=node.span.line, value=done))
            case nodes.Break() | nodes.Continue():
                self._jump(node, "break" if isinstance(node, nodes.Break) else "continue")
            case nodes.Pass():
                pass

    def _filled(self, node: nodes.Node, statements: Sequence[nodes.Statement]) -> tuple[AnyStep, ...]:
        """Return the steps of a block that may not be empty."""
        nothing = Assign(name=self._name(node, "pass"), line=node.span.line, values=(("nothing", Formula("nothing")),))
        return self._block(statements) or (nothing,)

    # Loops, errors and jumps

    def _loop(self, node: nodes.For | nodes.Repeat | nodes.While) -> None:
        in_try, self._in_try = self._in_try, False
        item = self._names.temporary("item")
        items: Value = None
        span: tuple[Value, Value] | None = None
        head: list[AnyStep] = []
        line = node.span.line
        if isinstance(node, nodes.While):
            span = (1, node.bound)
            emit = Expressions(self._names, head.append)
            test = emit.formula(nodes.Not(span=node.span, operand=node.test), line)
            stop = Case(condition=Formula(test), next="break")
            head.append(Switch(name=self._name(node, "while"), line=line, cases=(stop,)))
        else:
            name = self._declare(variable(node.name))
            head.append(Assign(name=self._name(node, "next"), line=line, values=((name, Formula(item)),)))
            if isinstance(node, nodes.For):
                items = self._value(node.items)
            else:
                span = (0, node.count - 1)
        body = (*head, *self._block(node.body))
        self._in_try = in_try
        if span is None or (isinstance(span[1], int) and isinstance(span[0], int) and span[1] >= span[0]):
            self._add(For(name=self._name(node, "for"), line=line, value=item, items=items, span=span, body=body))

    def _jump(self, node: nodes.Node, where: str) -> None:
        if self._in_try:  # no page says what a jump out of a try does: leave it with an error of our own
            error = record(code=0, message=where, tags=Items((f"jump.{where}",)))
            self._add(Raise(name=self._name(node, where), line=node.span.line, value=error))
            return
        case = Case(condition=True, next=where)
        self._add(Switch(name=self._name(node, where), line=node.span.line, cases=(case,)))

    def _try(self, node: nodes.Try) -> None:
        line = node.span.line
        caught = self._declare(self._names.temporary("caught"))
        tags = self._declare(self._names.temporary("tags"))
        error = self._names.temporary("e")
        self._set(node, "try_anew", (caught, None), (tags, Formula("nothing")))
        in_try, self._in_try = self._in_try, True
        body = self._filled(node, node.body)
        self._in_try = in_try
        kept = Formula(f'default(map.get({error}, "tags"), nothing)')
        keep = Assign(name=self._name(node, "keep"), line=line, values=((caught, Formula(error)), (tags, kept)))
        self._add(Try(name=self._name(node, "try"), line=line, body=body, error=error, handling=(keep,)))
        cases = [Case(condition=Formula(f"{caught} == null"), steps=self._filled(node, node.orelse))]
        for catch in node.catches:
            wanted = ['"timed_out"' if one == "TimedOut" else f'"refused.{one}"' for one in catch.refusals]
            tests = [f"({one} in {tags})" for one in wanted]
            condition = Expressions(self._names, self._add).joined(tests, " or ", line)
            cases.append(Case(condition=Formula(condition), steps=self._catch(catch, caught)))
        for where in ("break", "continue"):
            if any(isinstance(step, Raise) and _jumps(step, where) for step in of_turn(body)):
                outer: list[AnyStep] = []
                own, self._steps = self._steps, outer
                self._jump(node, where)
                self._steps = own
                cases.append(Case(condition=Formula(f'"jump.{where}" in {tags}'), steps=tuple(outer)))
        again = Raise(name=self._name(node, "raise_again"), line=line, value=Formula(caught))
        cases.append(Case(condition=True, steps=(again,)))
        self._add(Switch(name=self._name(node, "except"), line=line, cases=tuple(cases)))

    def _catch(self, catch: nodes.Catch, caught: str) -> tuple[AnyStep, ...]:
        ended = self._declare(self._names.temporary("ended"))
        pairs: list[tuple[str, Value]] = [
            (ended, Formula(f"json.decode(text.encode({caught}.message))")),
            ("at", Formula(f"{ended}.step")),
        ]
        if catch.name is not None:
            pairs.append((self._declare(f"raised_0{variable(catch.name)}"), Formula(caught)))
            if "TimedOut" not in catch.refusals:
                pairs.append((self._declare(variable(catch.name)), Formula(f"{ended}.answer.fields")))
        take = Assign(name=self._name(catch, "caught"), line=catch.span.line, values=tuple(pairs))
        return (take, *self._block(catch.body))

    def _raise(self, node: nodes.Raise) -> None:
        ended = self._declare(self._names.temporary("ended"))
        tags: Value
        if node.fields is None:
            raised = f"raised_0{variable(node.refusal)}"
            decoded = Formula(f"json.decode(text.encode({raised}.message))")
            self._set(node, "again", (ended, decoded), (f"{ended}.step", Formula("at")))
            tags = Formula(f"{raised}.tags")
        else:
            fields = Record(tuple((name, self._value(value)) for name, value in node.fields))
            answer = record(refusal=node.refusal, fields=fields)
            self._set(node, node.refusal, (ended, record(state="refused", step=Formula("at"), answer=answer)))
            tags = Items(("isthmus", "refused", f"refused.{node.refusal}"))
        error = record(code=409, message=Formula(f"json.encode_to_string({ended})"), tags=tags)
        self._add(Raise(name=self._name(node, "raise"), line=node.span.line, value=error))

    # What is awaited

    def _await(self, node: nodes.Await) -> None:
        awaited = node.awaited
        step = self._count(node)
        match awaited:
            case nodes.CallOf(contract=contract) if contract not in self._composition.workflows:
                self._ask(node, contract, self._value(awaited.message), step, 0, self._result(node), alone=True)
            case nodes.CallOf(contract=contract):
                reply = self._declare(self._names.temporary("r"))
                self._child(node, contract, self._value(awaited.message), step, 0, reply)
                self._settle(node, [reply])
                self._take(node, [reply])
            case nodes.SleepFor(count=count, unit=unit):
                body = record(
                    run_id=Formula("run_id"), step=step, seconds=self._seconds(count, unit), ordinal=self._counted()
                )
                self._post(node, "sleep", "/runs/pause", body, None)
            case nodes.WaitForEvent(event=event, key=key, unit=unit, count=count):
                arguments = record(
                    base=address(self._unit),
                    run_id=Formula("run_id"),
                    step=step,
                    event=event,
                    key=self._value(key),
                    seconds=self._seconds(count, unit),
                    place=self._counted(),
                )
                self._call(node, f"wait_for_{event}", "isthmus_wait_event", arguments, self._result(node))
            case nodes.GatherOf() | nodes.EachOf():
                self._side_by_side(node, awaited, step)

    def _result(self, node: nodes.Await) -> str | None:
        return self._declare(variable(node.targets[0])) if node.targets else None

    def _count(self, node: nodes.Await) -> Value:
        """Count the await, and return its step: the place, and in a loop how often the run was here."""
        if not self._turns:  # where nothing is done twice, the order in the program is the order of the run
            self._ordinal += 1
            return node.place
        pairs: list[tuple[str, Value]] = [("ordinal", Formula("ordinal + 1"))]
        step: Value = node.place
        if ".body." in node.place:
            visits = self._declare(self._names.temporary("visits"), -1)
            pairs.append((visits, Formula(f"{visits} + 1")))
            step = Formula(f'"{node.place}[" + string({visits}) + "]"')
        self._set(node, "count", *pairs)
        return step

    def _seconds(self, count: nodes.Expression, unit: str) -> Value:
        if isinstance(count, nodes.Literal) and isinstance(count.value, int):
            return count.value * SECONDS[unit]
        counted = Expressions(self._names, self._add)
        line = count.span.line
        return Formula(
            counted.fitted([counted.formula(count, line)], lambda one: f"({one[0]}) * {SECONDS[unit]}", line)
        )

    def _side_by_side(self, node: nodes.Await, awaited: nodes.GatherOf | nodes.EachOf, step: Value) -> None:
        if isinstance(awaited, nodes.GatherOf):
            self._gather(node, awaited, step)
        else:
            self._each(node, awaited, step)

    def _gather(self, node: nodes.Await, awaited: nodes.GatherOf, step: Value) -> None:
        line = node.span.line
        inputs = [self._value(call.message) for call in awaited.calls]
        replies = [self._declare(self._names.temporary("r")) for _ in inputs]
        branches = []
        for place, (call, message, reply) in enumerate(zip(awaited.calls, inputs, replies, strict=True)):
            outer, self._steps = self._steps, []
            self._reply(node, call.contract, message, _below(step, f"{place}"), place, reply)
            within, self._steps = tuple(self._steps), outer
            branches.append((self._name(node, f"branch_{place}_{call.contract}"), within))
        name = self._name(node, "gather")
        self._add(Parallel(name=name, line=line, shared=tuple(replies), branches=tuple(branches)))
        self._settle(node, replies)
        if self._stand_for(node):
            for target, reply in zip(node.targets, replies, strict=True):
                self._names.answered(target, reply)
        else:
            self._take(node, replies)

    def _stand_for(self, node: nodes.Await) -> bool:
        """Say whether the answers are read where they are: once done, and each name given nothing else."""
        taken = {self._program.parameter} | {name for name, times in self._assigned.items() if times > 1}
        return bool(node.targets) and taken.isdisjoint(node.targets) and ".body." not in node.place

    def _reply(self, node: nodes.Await, contract: str, message: Value, step: Value, place: Value, reply: str) -> None:
        """Add the steps of one branch; a child is carried with a reply of the branch's own, which is shared at once."""
        if contract not in self._composition.workflows:
            self._ask(node, contract, message, step, place, reply, alone=False)
            return
        own = self._names.temporary("r")
        self._child(node, contract, message, step, place, own)
        self._set(node, "reply", (reply, Formula(own)))

    def _each(self, node: nodes.Await, awaited: nodes.EachOf, step: Value) -> None:
        line = node.span.line
        items, replies, answers, found, size = (
            self._declare(self._names.temporary(kind)) for kind in ("t", "replies", "answer", "answers", "size")
        )
        item, index, key, place, name = (
            self._names.temporary(kind) for kind in ("item", "index", "key", "index", "key")
        )
        pairs: list[tuple[str, Value]] = [(items, self._value(awaited.items)), (replies, Record(()))]
        self._set(node, "each_of", *pairs, (answers, Record(())), (found, Items(())), (size, 0))
        outer, self._steps = self._steps, []
        self._set(node, "key", (key, Formula(f"string({index})")))
        self._share(
            node, awaited.contract, Formula(item), _below(step, index=index), index, (replies, answers, key, size)
        )
        loop = For(name="each", line=line, value=item, index=index, items=Formula(items), body=tuple(self._steps))
        self._steps = []
        shared = (size, replies, answers)
        self._add(Parallel(name=self._name(node, "each"), line=line, shared=shared, loop=loop, at_most=awaited.at_most))
        settled = record(replies=Formula(replies), count=Formula(f"len({items})"))
        self._call(node, "settle", "isthmus_settle", settled, None)
        if node.targets:
            taken = (
                (name, Formula(f"string({place})")),
                (found, Formula(f"list.concat({found}, {answers}[{name}])")),
                (f"{answers}[{name}]", None),
            )
            take = Assign(name=self._name(node, "take"), line=line, values=taken)
            span = (0, Formula(f"len({items}) - 1"))
            self._add(For(name=self._name(node, "collect"), line=line, value=place, span=span, body=(take,)))
        steps, self._steps = tuple(self._steps), outer
        case = Case(condition=Formula(f"len({items}) > 0"), steps=steps)
        self._add(Switch(name=self._name(node, "any"), line=line, cases=(case,)))
        given = [(self._declare(variable(target)), Formula(found)) for target in node.targets]
        self._set(node, "answers", *given, *((one, None) for one in (items, replies, answers, found)))

    def _share(
        self,
        node: nodes.Await,
        contract: str,
        message: Value,
        step: Value,
        index: str,
        shared: tuple[str, str, str, str],
    ) -> None:
        """Add the steps of one item: it shares how it went and, apart from that, the answer.

        So `settle` is given no answers. Answers that take too much together are let go of, however many items there
        are; `settle` says so from their lengths.
        """
        replies, answers, key, size = shared
        own = self._names.temporary("r")
        if contract in self._composition.workflows:
            self._child(node, contract, message, step, Formula(index), own)
        else:
            self._ask(node, contract, message, step, Formula(index), own, alone=False)
        answered = f'{own}.state == "answered"'
        kept = Formula(f"if(({answered}) and ({size} <= {COMMAND_BYTES_MAX}), {own}.answer, null)")
        self._set(
            node,
            "reply",
            (size, Formula(f"{size} + {own}.bytes")),
            (f"{answers}[{key}]", kept),
            (f"{own}.answer", Formula(f"if({answered}, null, {own}.answer)")),
            (f"{replies}[{key}]", Formula(own)),
        )

    def _body(self, contract: str, message: Value, step: Value, place: Value) -> Record:
        return record(
            run_id=Formula("run_id"),
            step=step,
            contract=contract,
            input=message,
            ordinal=self._counted(),
            branch=place,
        )

    def _counted(self) -> Value:
        """Return how many awaits the run has come to before."""
        return Formula("ordinal") if self._turns else self._ordinal

    def _ask(
        self,
        node: nodes.Await,
        contract: str,
        message: Value,
        step: Value,
        place: Value,
        result: str | None,
        *,
        alone: bool,
    ) -> None:
        found = self._composition.contracts[contract]
        arguments = record(
            base=address(found.unit),
            path=f"/contracts/{contract}",
            timeout=int(found.timeout.total_seconds()) + MARGIN_S,
            alone=alone,
            body=self._body(contract, message, step, place),
        )
        self._call(node, contract, "isthmus_step", arguments, result)

    def _child(self, node: nodes.Await, contract: str, message: Value, step: Value, place: Value, reply: str) -> None:
        self._post(node, f"begin_{contract}", "/runs/child", self._body(contract, message, step, place), reply)
        outer, self._steps = self._steps, []
        self._call(node, contract, f"run_{contract}", record(run_id=Formula(f"{reply}.child")), None)
        again = record(run_id=Formula("run_id"), step=step, contract=contract)
        self._post(node, f"recall_{contract}", "/runs/recall", again, reply)
        made, self._steps = self._steps, outer
        case = Case(condition=Formula(f'{reply}.state == "started"'), steps=tuple(made))
        self._add(Switch(name=self._name(node, f"carry_{contract}"), line=node.span.line, cases=(case,)))

    def _post(self, node: nodes.Await, what: str, path: str, body: Record, reply: str | None) -> None:
        arguments = record(base=address(self._unit), path=path, timeout=MARGIN_S, alone=reply is None, body=body)
        self._call(node, what, "isthmus_step", arguments, reply)

    def _call(self, node: nodes.Await, what: str, routine: str, arguments: Record, result: str | None) -> None:
        note = f"{self._file}:{node.span.line}, place {node.place}"
        name = self._name(node, what)
        self._add(Call(name=name, line=node.span.line, note=note, routine=routine, arguments=arguments, result=result))

    def _settle(self, node: nodes.Await, replies: Sequence[str]) -> None:
        """Go on when all replies are answers, and let `isthmus_settle` raise what weighs most when not."""
        found = Record(tuple((str(place), Formula(reply)) for place, reply in enumerate(replies)))
        all_answered = " and ".join(f'({reply}.state == "answered")' for reply in replies)
        outer, self._steps = self._steps, []
        if len(replies) > 1:
            freed = (Formula(f'if({reply}.state == "answered", null, {reply}.answer)') for reply in replies)
            self._set(node, "free", *((f"{reply}.answer", value) for reply, value in zip(replies, freed, strict=True)))
        self._call(node, "settle", "isthmus_settle", record(replies=found, count=len(replies)), None)
        made, self._steps = self._steps, outer
        cases = [Case(condition=Formula(f"not ({all_answered})"), steps=tuple(made))]
        if len(replies) * MESSAGE_BYTES_MAX > COMMAND_BYTES_MAX:
            size = " + ".join(f"{reply}.bytes" for reply in replies)
            cases.append(Case(condition=Formula(f"{size} > {COMMAND_BYTES_MAX}"), steps=(too_large(),)))
        self._add(Switch(name=self._name(node, "if_not_answered"), line=node.span.line, cases=tuple(cases)))

    def _take(self, node: nodes.Await, replies: Sequence[str]) -> None:
        """Take the answers out of replies."""
        pairs = zip(node.targets, replies, strict=False)
        taken = [(self._declare(variable(name)), Formula(f"{reply}.answer")) for name, reply in pairs]
        self._set(node, "answers", *taken, *((reply, None) for reply in replies))


def _below(step: Value, place: str = "", *, index: str = "") -> Value:
    """Return the step of one branch: the step of the await, and the branch's place or the variable that holds it."""
    if isinstance(step, str) and place:
        return f"{step}/{place}"
    text = step.text if isinstance(step, Formula) else f'"{step}"'
    return Formula(f'{text} + "/{place}"' if place else f'{text} + "/" + string({index})')


def _jumps(step: Raise, where: str) -> bool:
    return isinstance(step.value, Record) and dict(step.value.fields)["tags"] == Items((f"jump.{where}",))
