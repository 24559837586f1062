"""How many bytes a workflow takes as source of Google's Workflows, at most, with those it awaits and the support.

run of each workflow       claim, flow, finish, take back
flow of each workflow      its statements, in the order of the program
support                    each routine once, however many workflows call it
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import PurePath
from typing import Any, Final

import msgspec

from isthmus.core.contract import Contract
from isthmus.core.program import nodes
from isthmus.core.program.extent import (
    MADE_CHARACTERS,
    Extent,
    assigning,
    before,
    case,
    formula,
    head,
    line,
    lines,
    pair,
    size,
    steps_before,
    switching,
    together,
)

SUPPORT_BYTES: Final = {"always": 3_400, "settle": 3_500, "wait_event": 2_300}
"""The routines that every workflow calls, and those that some do."""

LARGE: Final = 6
"""Answers of a `gather` that are never too large together; of more than these the lengths are looked at."""

TOO_LARGE_BYTES: Final = 240
HEAD_BYTES: Final = 200
RUN_BYTES: Final = 2_500
"""The routine that carries a run, without the names in it."""

MADE: Final = "x" * MADE_CHARACTERS


class Size(msgspec.Struct, frozen=True):
    """Be the bytes of one workflow's own routines, and which routines of the support it calls."""

    own: int
    support: frozenset[str] = frozenset()


def compiled_bytes(sizes: Collection[Size]) -> int:
    """Return the bytes of the source that holds these workflows, at most."""
    support = {"always"}.union(*(one.support for one in sizes))
    return HEAD_BYTES + sum(one.own for one in sizes) + sum(SUPPORT_BYTES[name] for name in support)


def size_of(
    contract: Contract[Any, Any],
    parameter: str,
    file: str,
    body: tuple[nodes.Statement, ...],
    awaited: Mapping[str, Contract[Any, Any]],
    workflows: Collection[str],
) -> Size:
    """Return the size of one workflow, without those that it awaits."""
    flow = _Flow(contract, PurePath(file).name, awaited, workflows)
    steps = flow.block(body).inside(4).bytes
    declared = together(*(line(len("  - : null") + size(name)) for name in flow.names)).inside(8).bytes
    made = flow.made * (len("          - : null\n") + MADE_CHARACTERS)
    begins = (1 + (len(flow.names) + flow.made) // 50) * 60
    names = 8 * len(contract.name) + 4 * len(_environment(contract)) + 3 * len(parameter)
    answers = (MADE_CHARACTERS + len(".answer")) * _reads(body, flow.gathered)
    return Size(steps + declared + made + begins + RUN_BYTES + names + answers, frozenset(flow.support))


def _reads(part: object, names: Collection[str]) -> int:
    """Count how often some names are read: each may stand for the answer in a reply."""
    match part:
        case nodes.Name(name=name):
            return int(name in names)
        case nodes.Node():
            return sum(_reads(getattr(part, field), names) for field in part.__struct_fields__)
        case tuple():
            return sum(_reads(one, names) for one in part)
    return 0


def _environment(contract: Contract[Any, Any]) -> str:
    return f'sys.get_env("ISTHMUS_URL_{contract.unit.upper()}")'


class _Flow:
    """Measure the statements of one workflow; collect what it declares and calls."""

    def __init__(
        self, contract: Contract[Any, Any], file: str, awaited: Mapping[str, Contract[Any, Any]], workflows: Any
    ) -> None:
        self._own = contract
        self._file = file
        self._awaited = awaited
        self._workflows = workflows
        self.names: set[str] = {"ordinal", "nothing", "at"}
        self.made = 0
        self.support: set[str] = set()
        self.gathered: set[str] = set()

    def block(self, statements: tuple[nodes.Statement, ...]) -> Extent:
        """Return the extent of statements one after the other."""
        return together(*(self._statement(one) for one in statements))

    def _filled(self, at: nodes.Node, statements: tuple[nodes.Statement, ...]) -> Extent:
        return self.block(statements) if statements else assigning(at, "pass", lines("nothing: '${nothing}'"))

    def _declare(self, name: str) -> None:
        self.names.add(f"v_{name}")

    def _statement(self, node: nodes.Statement) -> Extent:
        match node:
            case nodes.Await():
                return self._await(node)
            case nodes.Assign(name=name, value=value):
                self._declare(name)
                return together(steps_before(value), assigning(node, f"set_{name}", pair(len(name) + 2, value)))
            case nodes.If(test=test, then=then, orelse=orelse):
                cases = [case(formula(test), self._filled(node, then))]
                cases += [case(4, self._filled(node, orelse))] if orelse else []
                return together(before(test), switching(node, "if", *cases))
            case nodes.For() | nodes.Repeat() | nodes.While():
                return self._loop(node)
            case nodes.Try():
                return self._try(node)
            case nodes.Raise():
                return self._raise(node)
            case nodes.Return(value=value):
                value = value or nodes.Literal(span=node.span, value=None)
                answer = pair("answer", value)
                done = together(head(node, "return"), lines("    return:"), _ended(answer).inside(6))
                return together(steps_before(value), done)
            case nodes.Break() | nodes.Continue():
                return _jump(node)
            case nodes.Pass():
                return Extent()

    def _loop(self, node: nodes.For | nodes.Repeat | nodes.While) -> Extent:
        head_of_turn = together()
        ahead = together()
        items = 0
        if isinstance(node, nodes.While):
            test = nodes.Not(span=node.span, operand=node.test)
            stop = switching(
                node, "while", line(len("      - condition: ") + formula(test)), lines("        next: break")
            )
            head_of_turn = together(before(test), stop)
        else:
            self._declare(node.name)
            head_of_turn = assigning(node, "next", line(len(node.name) + MADE_CHARACTERS + 9))
            if isinstance(node, nodes.For):
                ahead = steps_before(node.items)
                items = pair("items", node.items).bytes
        body = together(head_of_turn, self.block(node.body)).inside(8)
        opening = lines("    for:", f"      value: {MADE}", "      range: [0, 100000]", "      steps:")
        return together(ahead, head(node, "for"), opening, line(items).inside(6), body)

    def _try(self, node: nodes.Try) -> Extent:
        self.made += 2
        anew = assigning(node, "try_anew", lines(f"{MADE}: null", f"{MADE}: '${{nothing}}'"))
        body = self._filled(node, node.body).inside(8)
        kept = lines(f"{MADE}: '${{{MADE}}}'", f"{MADE}: '${{default(map.get({MADE}, \"tags\"), nothing)}}'")
        keep = assigning(node, "keep", kept).inside(8)
        around = lines("    try:", "      steps:", "    except:", f"      as: {MADE}", "      steps:")
        cases = [case(len(" == null") + MADE_CHARACTERS, self._filled(node, node.orelse))]
        held = together()
        for catch in node.catches:
            condition = sum(len(f'("refused." in {MADE}) or ') + size(name) for name in catch.refusals)
            pieces = condition // 350  # what is too long for one formula is held piece by piece
            held = together(held, *(assigning(node, MADE_CHARACTERS, line(condition // pieces)) for _ in range(pieces)))
            cases.append(case(min(condition, 400), self._catch(catch)))
        jumps = (case(len(f'"jump.continue" in {MADE}'), _jump(node)) for _ in ("break", "continue"))
        again = case(4, together(head(node, "raise_again"), lines(f"    raise: '${{{MADE}}}'")))
        return together(
            anew, head(node, "try"), around, body, keep, held, switching(node, "except", *cases, *jumps, again)
        )

    def _catch(self, catch: nodes.Catch) -> Extent:
        self.made += 1
        pairs = [f"{MADE}: '${{json.decode(text.encode({MADE}.message))}}'", f"at: '${{{MADE}.step}}'"]
        if catch.name is not None:
            self._declare(catch.name)
            self._declare(f"raised_0{catch.name}")
            pairs += [
                f"raised_0v_{catch.name}: '${{{MADE}}}'",
                f"v_{catch.name}: '${{{MADE}.answer.fields}}'",
            ]
        return together(assigning(catch, "caught", lines(*pairs)), self.block(catch.body))

    def _raise(self, node: nodes.Raise) -> Extent:
        self.made += 1
        name = node.refusal
        if node.fields is None:
            decoded = f"{MADE}: '${{json.decode(text.encode(raised_0v_{name}.message))}}'"
            ahead = assigning(node, "again", lines(decoded, f"{MADE}.step: '${{at}}'"))
        else:
            fields = together(*(pair(field, value) for field, value in node.fields)).inside(4)
            answer = together(lines("answer:", "  refusal: ''", "  fields: {}"), line(size(name)), fields)
            ended = together(lines(f"{MADE}:"), _ended(answer).inside(2))
            values = together(*(steps_before(value) for _, value in node.fields))
            ahead = together(values, assigning(node, name, ended))
        raised = lines(
            "    raise:",
            "      code: 409",
            f"      message: '${{json.encode_to_string({MADE})}}'",
            '      tags: ["isthmus", "refused", "refused."]',
        )
        return together(ahead, head(node, "raise"), raised, line(size(name) + MADE_CHARACTERS))

    # What is awaited

    def _await(self, node: nodes.Await) -> Extent:
        for target in node.targets:
            self._declare(target)
        self.made += 1
        count = lines("ordinal: '${ordinal + 1}'", f"{MADE}: '${{{MADE} + 1}}'")
        counted = assigning(node, "count", count) if ".body." in node.place else together()
        awaited = node.awaited
        match awaited:
            case nodes.CallOf(contract=contract) if contract not in self._workflows:
                result = size(node.targets[0]) if node.targets else 0
                return together(counted, steps_before(awaited.message), self._ask(node, awaited, result))
            case nodes.CallOf():
                self.made += 1
                child = self._child(node, awaited)
                return together(counted, steps_before(awaited.message), child, self._settle(node, 1))
            case nodes.SleepFor(count=number):
                fixed = lines("seconds: () * 86400", "run_id: '${run_id}'", "ordinal: '${ordinal}'")
                body = together(fixed, line(formula(number)), self._step(node))
                return together(counted, before(number), self._post(node, "sleep", "/runs/pause", body))
            case nodes.WaitForEvent(event=event, key=key, count=number):
                self.support |= {"settle", "wait_event"}
                arguments = together(
                    lines("run_id: '${run_id}'", 'event: ""', "place: '${ordinal}'"),
                    _address(self._own, ""),
                    line(size(event)),
                    self._step(node),
                    pair("key", key),
                    lines("seconds: () * 86400"),
                    line(formula(number)),
                )
                result = size(node.targets[0]) if node.targets else 0
                called = self._call(node, f"wait_for_{event}", "isthmus_wait_event", arguments, result)
                return together(counted, steps_before(key), before(number), called)
            case nodes.GatherOf():
                return together(counted, self._gather(node, awaited))
            case nodes.EachOf():
                return together(counted, self._each(node, awaited))

    def _gather(self, node: nodes.Await, awaited: nodes.GatherOf) -> Extent:
        count = len(awaited.calls)
        self.made += 2 * count
        self.gathered.update(node.targets)
        values = together(*(steps_before(call.message) for call in awaited.calls))
        branches = []
        for call in awaited.calls:
            opening = together(head(node, f"branch_0_{call.contract}").inside(8), lines("            steps:"))
            branches += [opening, self._branch(node, call).inside(14)]
        shared = lines("    parallel:", f"      shared: [{', '.join([MADE] * count)}]", "      branches:")
        return together(values, head(node, "gather"), shared, *branches, self._settle(node, count))

    def _each(self, node: nodes.Await, awaited: nodes.EachOf) -> Extent:
        self.made += 5
        self.support.add("settle")
        begun = lines(f"{MADE}: {{}}", f"{MADE}: {{}}", f"{MADE}: []", f"{MADE}: 0")
        items = together(pair(MADE_CHARACTERS, awaited.items), begun)
        item = nodes.Name(span=node.span, name=MADE)
        call = nodes.CallOf(span=awaited.span, contract=awaited.contract, message=item)
        keyed = assigning(node, "key", lines(f"{MADE}: '${{string({MADE})}}'"))
        answered = f'{MADE}.state == "answered"'
        kept = lines(
            f"{MADE}: '${{{MADE} + {MADE}.bytes}}'",
            f"{MADE}[{MADE}]: '${{if(({answered}) and ({MADE} <= 204800), {MADE}.answer, null)}}'",
            f"{MADE}.answer: '${{if({answered}, null, {MADE}.answer)}}'",
            f"{MADE}[{MADE}]: '${{{MADE}}}'",
        )
        turn = together(keyed, self._asked(node, call), assigning(node, "reply", kept))
        every = together(
            head(node, "each"),
            lines(
                "    parallel:", f"      shared: [{MADE}, {MADE}, {MADE}]", "      concurrency_limit: 10", "      for:"
            ),
            lines(f"        value: {MADE}", f"        index: {MADE}", f"        in: '${{{MADE}}}'", "        steps:"),
            turn.inside(10),
        )
        arguments = lines(f"replies: '${{{MADE}}}'", f"count: '${{len({MADE})}}'")
        taken = lines(
            f"{MADE}: '${{string({MADE})}}'",
            f"{MADE}: '${{list.concat({MADE}, {MADE}[{MADE}])}}'",
            f"{MADE}[{MADE}]: null",
        )
        opening = lines("    for:", f"      value: {MADE}", f"      range: [0, '${{len({MADE}) - 1}}']", "      steps:")
        collect = together(head(node, "collect"), opening, assigning(node, "take", taken).inside(8))
        settle = self._call(node, "settle", "isthmus_settle", arguments, 0)
        given = [line(len(f"v_: '${{{MADE}}}'") + size(target)) for target in node.targets]
        return together(
            steps_before(awaited.items),
            assigning(node, "each_of", items),
            switching(node, "any", case(len("len() > 0") + MADE_CHARACTERS, together(every, settle, collect))),
            assigning(node, "answers", *given, *(lines(f"{MADE}: null") for _ in range(4))),
        )

    def _asked(self, node: nodes.Await, call: nodes.CallOf) -> Extent:
        if call.contract in self._workflows:
            return self._child(node, call)
        return self._ask(node, call, MADE_CHARACTERS)

    def _branch(self, node: nodes.Await, call: nodes.CallOf) -> Extent:
        shared = assigning(node, "reply", lines(f"{MADE}: '${{{MADE}}}'"))
        return (
            together(self._asked(node, call), shared) if call.contract in self._workflows else self._asked(node, call)
        )

    def _step(self, node: nodes.Await) -> Extent:
        return together(
            lines(f'step: \'${{"[" + string({MADE}) + "]" + "/" + string({MADE})}}\''), line(len(node.place))
        )

    def _body(self, node: nodes.Await, call: nodes.CallOf) -> Extent:
        fixed = lines('contract: ""', "run_id: '${run_id}'", "ordinal: '${ordinal}'", f"branch: '${{{MADE}}}'")
        return together(fixed, line(size(call.contract)), self._step(node), pair("input", call.message))

    def _ask(self, node: nodes.Await, call: nodes.CallOf, result: int) -> Extent:
        address = _address(self._awaited[call.contract], f"/contracts/{call.contract}")
        fixed = lines("timeout: 10000", "alone: false", "body:")
        arguments = together(fixed, address, self._body(node, call).inside(2))
        return self._call(node, call.contract, "isthmus_step", arguments, result)

    def _child(self, node: nodes.Await, call: nodes.CallOf) -> Extent:
        name = call.contract
        begin = self._post(node, f"begin_{name}", "/runs/child", self._body(node, call))
        carry = self._call(node, name, f"run_{name}", lines(f"run_id: '${{{MADE}.child}}'"), 0)
        asked = together(lines("run_id: '${run_id}'", 'contract: ""'), line(size(name)), self._step(node))
        recall = self._post(node, f"recall_{name}", "/runs/recall", asked)
        block = case(len('.state == "started"') + MADE_CHARACTERS, together(carry, recall))
        return together(begin, switching(node, f"carry_{name}", block))

    def _post(self, node: nodes.Await, what: str, path: str, body: Extent) -> Extent:
        arguments = together(lines("timeout: 60", "alone: false", "body:"), _address(self._own, path), body.inside(2))
        return self._call(node, what, "isthmus_step", arguments, MADE_CHARACTERS)

    def _call(self, node: nodes.Await, what: str, routine: str, arguments: Extent, result: int) -> Extent:
        note = f"# :{node.span.line}, place {node.place}"
        return together(
            line(len(note) + size(self._file)),
            head(node, what),
            lines(f"    call: {routine}", "    args:"),
            arguments.inside(6),
            line(len("    result: v_") + result),
        )

    def _settle(self, node: nodes.Await, count: int) -> Extent:
        self.support.add("settle")
        replies = together(lines("replies:", "count: 10"), *(lines(f"  \"0\": '${{{MADE}}}'") for _ in range(count)))
        settle = self._call(node, "settle", "isthmus_settle", replies, 0)
        condition = len("not ()") + count * len(f'({MADE}.state == "answered") and ')
        taken = [line(len(f"v_: '${{{MADE}.answer}}'") + size(target)) for target in node.targets]
        freed = [lines(f"{MADE}: null") for _ in range(count)]
        let_go = f"{MADE}.answer: '${{if({MADE}.state == \"answered\", null, {MADE}.answer)}}'"
        freed_first = [assigning(node, "free", *(lines(let_go) for _ in range(count)))] if count > 1 else []
        cases = [case(condition, together(*freed_first, settle))]
        cases += [case(count * (MADE_CHARACTERS + 9) + 10, Extent(6, TOO_LARGE_BYTES))] if count > LARGE else []
        looked = switching(node, "if_not_answered", *cases)
        return together(looked, assigning(node, "answers", *taken, *freed))


def _jump(at: nodes.Node) -> Extent:
    """Return the extent of a jump, within a try or not."""
    raised = lines("    raise:", "      code: 0", '      message: "continue"', '      tags: ["jump.continue"]')
    return together(head(at, "continue"), raised)


def _ended(answer: Extent) -> Extent:
    return together(lines('state: "answered"', "step: '${at}'"), answer)


def _address(contract: Contract[Any, Any], path: str) -> Extent:
    base = len("base: '${}'") + size(_environment(contract))
    return together(line(base), line(len('path: ""') + size(path)))
