"""The routines that every compiled workflow carries: how it talks to its functions.

Every request is `POST {base of the unit}<path>`, JSON with OIDC; every reply is status 200 and a map with `state`:

| path | request | states of the reply |
| /runs/load | run_id, claimant, versions | running (answer: input; version), taking_back, stuck, fenced |
| /contracts/NAME | run_id, step, contract, input, ordinal, branch | answered, refused, failing, failed, stuck, fenced |
| /runs/child | the same | started (child), or what is recorded |
| /runs/recall | run_id, step, contract | answered, refused, failed, fenced |
| /runs/pause | run_id, step, seconds, ordinal | sleeping, answered, fenced |
| /events/take | run_id, step, contract, key, seconds, ordinal | waiting, answered, timed_out, failed, fenced |
| /events/register | the same, and callback | the same |
| /runs/finish | run_id, step, state, answer | completed, taking_back, stuck, fenced |
| /runs/take-back | run_id | answered (maybe more), failing, elsewhere (unit: ask there), stuck, fenced |

`answer` is what the record holds: an answer, `{refusal, fields}`, `{error, place}`, `{timed_out}`, or null; `bytes` is
its length. With failing, sleeping and waiting comes `after_seconds`, 1 or more. Statuses 408, 429 and 5xx are faults of
machines, and are asked again. A run that is stuck ends its execution; when a person has resolved it, a new one claims
it and gets recorded answers.
"""

from __future__ import annotations

from msgspec import Raw

from isthmus.adapters.gcp.naming import environment
from isthmus.adapters.gcp.routine import (
    Again,
    AnyStep,
    Assign,
    Call,
    Case,
    For,
    Formula,
    Items,
    Raise,
    Record,
    Return,
    Routine,
    Switch,
    Try,
    Value,
    record,
)
from isthmus.adapters.runtime.execution import COMMAND_BYTES_MAX
from isthmus.adapters.runtime.record import Failed
from isthmus.core.codec import ENCODER

F = Formula
AGAIN = Again(predicate="isthmus_is_fault", retries=1_000, first_s=1, at_most_s=60, factor=2)


def _when(name: str, condition: str, *steps: AnyStep, go: str | None = None) -> Switch:
    return Switch(name=name, cases=(Case(condition=F(condition), steps=steps, next=go),))


def _giving(condition: str, value: Value) -> Case:
    return Case(condition=F(condition), steps=(Return(name="return", value=value),))


def _set(name: str, *pairs: tuple[str, Value]) -> Assign:
    return Assign(name=name, values=pairs)


def _post(name: str, base: str, path: str, body: Record, result: str) -> Call:
    arguments = record(base=F(base), path=path, timeout=60, alone=False, body=body)
    return Call(name=name, routine="isthmus_step", arguments=arguments, result=result)


def _raising() -> tuple[AnyStep, ...]:
    """Return the steps that raise a reply which is no answer; Workflows' errors carry code, message and tags."""
    error = record(code=409, message=F("json.encode_to_string(ended)"), tags=F("tags"))
    tagged = _set("tag_refusal", ("tags", F('list.concat(tags, "refused." + reply.answer.refusal)')))
    return (
        _set(
            "describe",
            ("ended", record(state=F("reply.state"), step=F("reply.step"), answer=F("reply.answer"))),
            ("tags", Items(("isthmus", F("reply.state")))),
        ),
        _when("if_refused", 'reply.state == "refused"', tagged),
        Raise(name="raise_end", value=error),
    )


def step() -> Routine:
    """Return the routine that asks a function, again while the function says so."""
    request = record(
        url=F("base + path"), auth=record(type="OIDC", audience=F("base")), timeout=F("timeout"), body=F("body")
    )
    post = Call(name="post", routine="http.post", arguments=request, result="response")
    state = "response.body.state"
    pause = Call(name="pause", routine="sys.sleep", arguments=record(seconds=F("response.body.after_seconds")))
    once_more = Switch(name="once_more", cases=(Case(condition=True, next="ask"),))
    look = Switch(
        name="look",
        cases=(
            Case(condition=F(f'({state} == "failing") or ({state} == "sleeping")'), steps=(pause, once_more)),
            _giving("not (alone)", F("response.body")),
            _giving(f'{state} == "answered"', F("response.body.answer")),
        ),
    )
    named = _set("read", ("reply", F("response.body")), ("response", None))
    return Routine(
        name="isthmus_step",
        params=("base", "path", "timeout", "alone", "body"),
        steps=(Try(name="ask", body=(post,), again=AGAIN), look, named, *_raising()),
        purpose="ask a function",
    )


def too_large() -> Raise:
    """Return the step that says that answers take more together than a run may be given at once."""
    answer = ENCODER.encode(Failed("AnswersTooLarge", f"more than {COMMAND_BYTES_MAX} bytes"))
    ended = ENCODER.encode({"state": "failed", "step": "", "answer": Raw(answer)}).decode()
    error = record(code=409, message=ended, tags=Items(("isthmus", "failed")))
    return Raise(name="raise_large", value=error)


def settle() -> Routine:
    """Return the routine that raises what weighs most: a failure outranks a refusal, then source order decides.

    It returns when all replies are answers. It is given none of these: what Workflows holds counts for every copy.
    """
    one = _set("one", ("key", F("string(place)")), ("reply", F("replies[key]")), ("size", F("size + reply.bytes")))
    worse = _when("if_bad", 'reply.state != "answered"', _set("worse", ("bad", True)))
    first = For(name="look", value="place", span=(0, F("count - 1")), body=(one, worse))
    again = _set("one_again", ("key", F("string(turn)")), ("reply", F("replies[key]")))
    inner = For(
        name="each_reply",
        value="turn",
        span=(0, F("count - 1")),
        body=(again, _when("if_state", "reply.state == state", *_raising())),
    )
    ranks = Items(("fenced", "stuck", "failed", "refused", "timed_out"))
    steps = (
        _set("begin", ("size", 0), ("bad", False), ("key", ""), ("reply", None), ("ranks", ranks)),
        first,
        _when("if_worse", "bad", For(name="rank", value="state", items=F("ranks"), body=(inner,))),
        _when("if_large", f"size > {COMMAND_BYTES_MAX}", too_large()),
    )
    return Routine(name="isthmus_settle", params=("replies", "count"), steps=steps, purpose="decide among replies")


def wait_event() -> Routine:
    """Return the routine that waits for an event: the mailbox decides, a callback only wakes."""
    names = ("run_id", "step", "event", "key", "seconds", "place")
    asked = record(**{{"event": "contract", "place": "ordinal"}.get(name, name): F(name) for name in names})
    registered = Record((*asked.fields, ("callback", F("endpoint.url"))))
    opened = Call(
        name="open",
        routine="events.create_callback_endpoint",
        arguments=record(http_callback_method="POST"),
        result="endpoint",
    )
    listen = Call(
        name="listen",
        routine="events.await_callback",
        arguments=record(callback=F("endpoint"), timeout=F("reply.after_seconds")),
    )
    other = _when("if_other", 'not ("TimeoutError" in tags)', Raise(name="raise_other", value=F("e")))
    kept = _set("tags_of", ("nothing", Items(())), ("tags", F('default(map.get(e, "tags"), nothing)')))
    came = _giving('reply.state == "answered"', F("reply.answer"))
    steps = (
        opened,
        _post("register", "base", "/events/register", registered, "reply"),
        Switch(name="registered", cases=(came, Case(condition=F('reply.state != "waiting"'), next="decide"))),
        Try(name="sleep", body=(listen,), error="e", handling=(kept, other)),
        _post("take", "base", "/events/take", asked, "reply"),
        Switch(name="taken", cases=(came, Case(condition=F('reply.state == "waiting"'), next="open"))),
        Call(
            name="decide",
            routine="isthmus_settle",
            arguments=record(replies=record(**{"0": F("reply")}), count=1),
        ),
        Return(name="return_event", value=F("reply.answer")),
    )
    return Routine(
        name="isthmus_wait_event",
        params=("base", *names),
        steps=steps,
        purpose="wait for an event, so that none is lost",
    )


def take_back() -> Routine:
    """Return the routine that has a run taken back until there is nothing left, or a person is asked."""
    there = _set("there", ("unit", F("sys.get_env(reply.unit)")))
    again = Switch(name="ask_there", cases=(Case(condition=True, next="undo"),))
    steps = (
        _set("begin", ("unit", F("base"))),
        _post("undo", "unit", "/runs/take-back", record(run_id=F("run_id")), "reply"),
        _when("more", 'reply.state == "answered"', go="undo"),
        _when("elsewhere", 'reply.state == "elsewhere"', there, again),
        Return(name="return_state", value=F("reply.state")),
    )
    return Routine(
        name="isthmus_take_back", params=("base", "run_id"), steps=steps, purpose="undo in reverse: the plan is data"
    )


def is_fault() -> Routine:
    """Return the predicate of what is asked again: faults of machines and networks."""
    codes = Items((408, 429, 500, 502, 503, 504))
    named = " or ".join(f'("{one}" in tags)' for one in ("ConnectionError", "ConnectionFailedError", "TimeoutError"))
    steps = (
        _set("begin", ("codes", codes), ("nothing", Items(()))),
        _set(
            "look", ("code", F('default(map.get(e, "code"), 0)')), ("tags", F('default(map.get(e, "tags"), nothing)'))
        ),
        Return(name="return_fault", value=F(f"(code in codes) or {named}")),
    )
    return Routine(name="isthmus_is_fault", params=("e",), steps=steps, purpose="say whether a call is made again")


def run(contract: str, flows: tuple[tuple[str, str], ...], unit: str, parameter: str, *, first: bool) -> Routine:
    """Return the routine that carries a run from its claim to its end, by its version; the first is `main`."""
    base = f'sys.get_env("{environment(unit)}")'
    claimant = F('sys.get_env("GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID")')
    run_id = F("args.run_id" if first else "run_id")
    request = record(run_id=run_id, claimant=claimant, versions=Items(tuple(version for version, _ in flows)))
    arguments = Record((("run_id", run_id), (parameter, F("run.answer"))))
    calls = [Call(name=name, routine=name, arguments=arguments, result="run") for _, name in flows]
    flow: AnyStep = calls[0]
    if len(calls) > 1:
        of_version = [F(f'run.version == "{version}"') for version, _ in flows]
        cases = (Case(condition=test, steps=(call,)) for test, call in zip(of_version, calls, strict=True))
        flow = Switch(name="by_version", cases=tuple(cases))
    stranger = _when("if_stranger", 'not ("isthmus" in tags)', Raise(name="raise_stranger", value=F("e")))
    taken_back = record(base=F(base), run_id=run_id)
    undo = Call(name="undo", routine="isthmus_take_back", arguments=taken_back, result="undone")
    undo_at_once = Call(name="undo_at_once", routine="isthmus_take_back", arguments=taken_back, result="undone")
    undone = Return(name="return_at_once", value=F("undone"))
    ended = (
        _set("tags_of", ("nothing", Items(())), ("tags", F('default(map.get(e, "tags"), nothing)'))),
        stranger,
        _set("ended_by", ("run", F("json.decode(text.encode(e.message))"))),
        _when("if_fenced", '(run.state == "fenced") or (run.state == "stuck")', undo_at_once, undone),
    )
    end = record(run_id=run_id, step=F("run.step"), state=F("run.state"), answer=F("run.answer"))
    steps = (
        _post("load", base, "/runs/load", request, "run"),
        Switch(
            name="claimed",
            cases=(
                Case(condition=F('run.state == "taking_back"'), next="undo"),
                _giving('run.state != "running"', F("run.state")),
            ),
        ),
        Try(name="body", body=(flow,), error="e", handling=ended),
        _post("finish", base, "/runs/finish", end, "finished"),
        Switch(
            name="done",
            cases=(_giving('(finished.state == "completed") or (finished.state == "stuck")', F("finished.state")),),
        ),
        undo,
        Return(name="return_undone", value=F("undone")),
    )
    if first:
        purpose = f"carry a run of {contract}: the argument is {{run_id}}"
        return Routine(name="main", params=("args",), steps=steps, purpose=purpose)
    return Routine(name=f"run_{contract}", params=("run_id",), steps=steps, purpose=f"carry a run of {contract}")
