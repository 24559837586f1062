"""What must hold whoever writes the handlers: `isthmus verify` asks it of them, with crashes in between."""

from __future__ import annotations

from isthmus.core.testing import World, law, samples

from addresses.contracts import (
    AddressChange,
    ChangeRejected,
    Rule,
    SecondOpinion,
    change_address,
    keep_address,
    screen_country,
)

samples(str, "IE", "FR", "KP", "officer-anna", "officer-ben")


@law(screen_country)
def a_country_is_screened_the_same_way_every_time(world: World, change: AddressChange) -> None:
    answers = []
    for _ in range(2):
        try:
            answers.append(world.ask(screen_country, change).rating)
        except ChangeRejected as rejected:
            answers.append(rejected.rule)

    assert answers[0] == answers[1]


@law(keep_address)
def the_address_of_the_client_is_kept(world: World, change: AddressChange) -> None:
    changed = world.ask(keep_address, change, key="keep")

    assert (changed.change, changed.client, changed.country) == (change.id, change.client, change.country)
    assert world.tables()["record"] != []


@law(change_address)
def nobody_changes_an_address_alone(world: World, change: AddressChange) -> None:
    run_id = world.start(change_address, change)
    world.send(SecondOpinion(change=change.id, officer=change.asked_by, approved=True), key=change.id)

    ended = world.ended(run_id)
    assert isinstance(ended.refusal, ChangeRejected)
    assert ended.refusal.rule in (Rule.SAME_OFFICER, Rule.COUNTRY_BARRED)
