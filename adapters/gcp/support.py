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
    named = _set(
        "read",
        ("reply", F("response.body")),
        ("response", None),
    )
    pause = Call(name="pause", routine="sys.sleep", arguments=record(seconds=F("reply.after_seconds")))
    once_more = Switch(name="once_more", cases=(Case(condition=True, next="ask"),))
    steps = (
        Try(name="ask", body=(post,), again=AGAIN),
        named,
        _when("again", '(reply.state == "failing") or (reply.state == "sleeping")', pause, once_more),
        _when("side_by_side", "not (alone)", Return(name="return_reply", value=F("reply"))),
        _when("answered", 'reply.state == "answered"', Return(name="return_answer", value=F("reply.answer"))),
        *_raising(),
    )
    return Routine(
        name="isthmus_step", params=("base", "path", "timeout", "alone", "body"), steps=steps, purpose="ask a function"
    )


def _too_large() -> Record:
    answer = ENCODER.encode(Failed("AnswersTooLarge", f"more than {COMMAND_BYTES_MAX} bytes"))
    ended = ENCODER.encode({"state": "failed", "step": "", "answer": Raw(answer)}).decode()
    return record(code=409, message=ended, tags=Items(("isthmus", "failed")))


def settle() -> Routine:
    """Return the routine that decides among replies: a failure outranks a refusal, then source order decides."""
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
    large = Raise(name="raise_large", value=_too_large())
    steps = (
        _set("begin", ("size", 0), ("bad", False), ("key", ""), ("reply", None), ("ranks", ranks)),
        first,
        _when("if_worse", "bad", For(name="rank", value="state", items=F("ranks"), body=(inner,))),
        _when("if_large", f"size > {COMMAND_BYTES_MAX}", large),
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
        result="woken",
    )
    other = _when("if_other", 'not ("TimeoutError" in tags)', Raise(name="raise_other", value=F("e")))
    kept = _set("tags_of", ("tags", F('default(map.get(e, "tags"), nothing)')))
    steps = (
        _set("begin", ("nothing", Items(())), ("tags", None)),
        opened,
        _post("register", "base", "/events/register", registered, "reply"),
        _when("registered", 'reply.state != "waiting"', go="decide"),
        Try(name="sleep", body=(listen,), error="e", handling=(kept, other)),
        _post("take", "base", "/events/take", asked, "reply"),
        _when("taken", 'reply.state == "waiting"', go="open"),
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


def run(contract: str, flows: tuple[tuple[str, str], ...], unit: str, parameter: str) -> Routine:
    """Return the routine that carries a run from its claim to its end, by the flow of its version."""
    base = f'sys.get_env("{environment(unit)}")'
    claimant = F('sys.get_env("GOOGLE_CLOUD_WORKFLOW_EXECUTION_ID")')
    request = record(run_id=F("run_id"), claimant=claimant, versions=Items(tuple(version for version, _ in flows)))
    arguments = Record((("run_id", F("run_id")), (parameter, F("loaded.answer"))))
    calls = [Call(name=name, routine=name, arguments=arguments, result="ended") for _, name in flows]
    flow: AnyStep = calls[0]
    if len(calls) > 1:
        of_version = [F(f'loaded.version == "{version}"') for version, _ in flows]
        cases = (Case(condition=test, steps=(call,)) for test, call in zip(of_version, calls, strict=True))
        flow = Switch(name="by_version", cases=tuple(cases))
    stranger = _when("if_stranger", 'not ("isthmus" in tags)', Raise(name="raise_stranger", value=F("e")))
    ended = (
        _set("tags_of", ("tags", F('default(map.get(e, "tags"), nothing)'))),
        stranger,
        _set("ended_by", ("ended", F("json.decode(text.encode(e.message))"))),
    )
    end = record(run_id=F("run_id"), step=F("ended.step"), state=F("ended.state"), answer=F("ended.answer"))
    finished = Return(name="return_finished", value=F("finished.state"))
    ended_here = '(finished.state == "completed") or (finished.state == "stuck")'
    undo = Call(
        name="undo", routine="isthmus_take_back", arguments=record(base=F(base), run_id=F("run_id")), result="undone"
    )
    steps = (
        _set("begin", ("nothing", Items(())), ("tags", None), ("ended", None)),
        _post("load", base, "/runs/load", request, "loaded"),
        _when("taking_back", 'loaded.state == "taking_back"', go="undo"),
        _when("not_ours", 'loaded.state != "running"', Return(name="return_fenced", value=F("loaded.state"))),
        Try(name="body", body=(flow,), error="e", handling=ended),
        _when("fenced", '(ended.state == "fenced") or (ended.state == "stuck")', go="undo"),
        _post("finish", base, "/runs/finish", end, "finished"),
        _when(
            "done",
            ended_here,
            finished,
        ),
        undo,
        Return(name="return_undone", value=F("undone")),
    )
    return Routine(name=f"run_{contract}", params=("run_id",), steps=steps, purpose=f"carry a run of {contract}")
