"""An App written in Python and the same one written in serverless.yml are one Blueprint."""

from __future__ import annotations

import sys
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from isthmus.adapters.cli.extras import missing
from isthmus.core import App, IsthmusError, SourceError, endpoint, schedule, stream, topic

sys.path.insert(0, str(Path(__file__).parent))
import booth
from spelt import requested, spelt, unordered

pytestmark = pytest.mark.skipif(bool(missing("serverless")), reason="isthmus[serverless] is not installed")

NAMES = st.from_regex(r"[a-z][a-z0-9]{0,8}([.][a-z]{1,5})?", fullmatch=True)
METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE"])
PATHS = st.from_regex(r"(/[a-z]{1,5}){1,3}", fullmatch=True)
RATES = st.integers(1, 100_000).map(lambda seconds: timedelta(seconds=seconds))
LISTED = st.lists(st.from_regex(r"[a-z]{2}[a-z-]{0,6}", fullmatch=True), max_size=2, unique=True)
HANDLERS = [
    *(booth.sell_at_price, booth.count_in_records, booth.print_nothing),
    *(booth.look_around, booth.note_down, booth.sweep_up, booth.keep_late),
]
CONTRACTS: list[Any] = [booth.travel, *(one.contract for one in HANDLERS if one is not booth.keep_late)]


def app_from(configuration: dict[str, Any]) -> App:
    from isthmus.adapters.serverless.composition import app_of  # noqa: PLC0415  # an extra
    from isthmus.adapters.serverless.service import service_of  # noqa: PLC0415

    return app_of(service_of(requested(configuration)).composed)


@st.composite
def topics(draw: st.DrawFn) -> list[Any]:
    names = iter(draw(st.lists(NAMES, min_size=2, max_size=2, unique=True)))
    heard = draw(st.lists(st.sampled_from([booth.count_sold, booth.print_sold]), unique=True))
    key = draw(st.sampled_from(["ticket", "line"]))
    found: list[Any] = [topic(next(names), booth.Sold, key=key, subscribers=heard, external=draw(st.booleans()))]
    if draw(st.booleans()):
        heard = draw(st.lists(st.sampled_from([booth.look, booth.note]), unique=True))
        found.append(topic(next(names), booth.Seen, key="seat", subscribers=heard, external=True))
    return draw(st.permutations(found))


@st.composite
def apps(draw: st.DrawFn) -> App:
    ways = draw(st.lists(st.tuples(METHODS, PATHS), max_size=5, unique=True))
    ticks = draw(st.lists(NAMES, max_size=2, unique=True))
    flows = draw(st.lists(NAMES, max_size=2, unique=True))
    app = App(
        draw(st.from_regex(r"[a-z][a-z0-9-]{1,9}", fullmatch=True)),
        fulfils=draw(st.permutations([booth.travel_once, *HANDLERS])),
        topics=draw(topics()),
        streams=[
            stream(name, booth.Seen, key="line", into=draw(st.sampled_from([booth.look, booth.note]))) for name in flows
        ],
        schedules=[
            schedule(name, every=draw(RATES), starts=booth.sweep, message=booth.Sweep(day=draw(st.text(max_size=5))))
            for name in ticks
        ],
        endpoints=[endpoint(method, path, starts=draw(st.sampled_from(CONTRACTS))) for method, path in ways],
        late_events={booth.Stamp: booth.keep_stamp},
        policy_version=draw(st.text("abc123.", min_size=1, max_size=4)),
    )
    app.bind(booth.Lines, booth.FixedLines, hosts=draw(LISTED))
    for backend in draw(st.sampled_from([(None,), ("local", "azure", "google")])):
        app.bind(booth.Prices, booth.AskedPrices, secrets=["prices-token", *draw(LISTED)], on=backend)
    return app


@given(apps(), st.booleans())
def test_both_ways_in_give_the_same_blueprint(app: App, say_queue: bool) -> None:
    single = {one.name for one in app.topics if len(one.subscribers) == 1} if say_queue else set()

    written = app_from(spelt(app, frozenset(single)))

    assert unordered(written.load().blueprint) == unordered(app.load().blueprint)


@given(apps(), st.data())
def test_what_is_changed_in_one_of_both_makes_another_blueprint(app: App, data: st.DataObject) -> None:
    configuration = spelt(app)
    change = data.draw(st.sampled_from(["method", "policy", "secret", "key"]))
    match change:
        case "method":
            configuration["functions"]["sweep"]["events"].append({"http": "POST /another/way/in/of/all"})
        case "policy":
            configuration["provider"]["policyVersion"] += "x"
        case "secret":
            configuration["ports"]["booth.Prices"][0]["secrets"].append("another-secret")
        case _:
            configuration["functions"]["look"]["events"].append({"stream": {"name": "another.flow", "key": "seat"}})

    assert unordered(app_from(configuration).load().blueprint) != unordered(app.load().blueprint)


def test_the_module_that_is_packaged_makes_the_same_app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from isthmus.adapters.cli.project import import_app  # noqa: PLC0415
    from isthmus.adapters.serverless.module import write_module  # noqa: PLC0415  # an extra
    from isthmus.adapters.serverless.service import service_of  # noqa: PLC0415

    monkeypatch.syspath_prepend(str(tmp_path / "made"))
    reference = write_module(service_of(requested(right())).composed, tmp_path / "made")

    assert import_app(reference).load().blueprint == app_from(right()).load().blueprint
    assert (tmp_path / "made").stat().st_mode & 0o077 == 0
    assert (tmp_path / "made" / "kiosk_service.py").stat().st_mode & 0o077 == 0


def right() -> dict[str, Any]:
    app = App(
        "kiosk",
        fulfils=[booth.travel_once, *HANDLERS],
        topics=[topic("sold", booth.Sold, key="line", subscribers=[booth.count_sold])],
        late_events={booth.Stamp: booth.keep_stamp},
    )
    app.bind(booth.Lines, booth.FixedLines)
    app.bind(booth.Prices, booth.FixedPrices)
    return spelt(app)


def event(kind: str, value: Any, of: str = "sweep") -> Callable[[dict[str, Any]], None]:
    def change(configuration: dict[str, Any]) -> None:
        place = configuration["workflows" if of == "travel" else "functions"][of]
        place["events"].append({kind: value})

    return change


def handler(name: str, reference: str, kind: str = "functions") -> Callable[[dict[str, Any]], None]:
    def change(configuration: dict[str, Any]) -> None:
        configuration[kind][name]["handler"] = reference

    return change


def port(reference: str, **bound: Any) -> Callable[[dict[str, Any]], None]:
    def change(configuration: dict[str, Any]) -> None:
        configuration["ports"][reference] = [bound]

    return change


def unheard(name: str, message: str) -> Callable[[dict[str, Any]], None]:
    def change(configuration: dict[str, Any]) -> None:
        configuration["topics"][name] = {"message": message, "key": "line"}

    return change


WRONG: list[tuple[Callable[[dict[str, Any]], None], str]] = [
    (handler("look", "booth.nothing"), "functions.look.handler: booth has no nothing"),
    (handler("look", "kiosks.look_around"), "functions.look.handler: there is no module kiosks"),
    (handler("look", "booth.deeper.look_around"), "functions.look.handler: there is no module booth.deeper"),
    (handler("look", "booth.Seen"), "functions.look.handler: booth.Seen is not declared with @handles"),
    (
        handler("look", "booth.travel_once"),
        "booth.travel_once is not declared with @handles (write it under workflows)",
    ),
    (
        handler("travel", "booth.look_around", "workflows"),
        "is not declared with @workflow (write it under functions)",
    ),
    (
        handler("travel", "booth.no_workflow", "workflows"),
        "workflows.travel.handler: booth.no_workflow is not declared",
    ),
    (event("schedule", "cron(0 6 * * ? *)"), "functions.sweep.events.0.schedule: 'cron(0 6 * * ? *)' is no rate"),
    (event("schedule", "rate(0 days)"), "'rate(0 days)' is no rate"),
    (event("schedule", {"rate": "rate(1 day)", "input": {"da": "x"}}), "field `$.da` is not known"),
    (event("schedule", "rate(1 day)", of="travel"), "cannot be asked with this input"),
    (event("queue", {"name": "sold", "key": "line"}, of="print_sold"), "queue sold has another listener"),
    (event("topic", {"name": "sold", "key": "ticket"}, of="print_sold"), "topic sold has the key line elsewhere"),
    (event("topic", "unkeyed", of="look"), "functions.look.events.0.topic: topic unkeyed has no key"),
    (event("lateEvent", "Stamp", of="look"), "look does not take Stamp"),
    (event("lateEvent", "Stamp", of="keep_stamp"), "late events Stamp go elsewhere already"),
    (port("booth.Nothing", implementation="booth.FixedLines"), "ports.booth.Nothing: booth has no Nothing"),
    (
        port("booth.Lines", implementation="booth.Fixed"),
        "ports.booth.Lines.0.implementation: booth has no Fixed",
    ),
    (unheard("sold", "booth.Sold"), "topic sold has listeners"),
    (unheard("seen", "booth.Missing"), "topics.seen.message: booth has no Missing"),
]


@pytest.mark.parametrize(("change", "said"), WRONG)
def test_what_cannot_be_is_refused_at_its_place(change: Callable[[dict[str, Any]], None], said: str) -> None:
    configuration = right()
    assert app_from(configuration).load()
    change(configuration)

    with pytest.raises(IsthmusError) as refused:
        app_from(configuration).load()
    assert said in str(refused.value)
    assert "serverless.yml" in str(refused.value)


def test_what_the_app_is_refused_for_as_a_whole_has_its_place_too() -> None:
    configuration = right()
    configuration["functions"]["sweep"]["events"] += [{"http": "GET /a"}, {"http": {"method": "get", "path": "/a"}}]

    with pytest.raises(SourceError, match=r"serverless.yml: functions.sweep.events.1.http: .* is declared twice"):
        app_from(configuration).load()
