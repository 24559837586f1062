"""The company that plays cases: the model, the laptop, Google, Azure; and what they have come to."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Final

from azure_stage import AzureStage
from case import Case
from google_player import GooglePlayer
from judgement import Disagreement, judge, told
from laptop_player import LaptopPlayer
from model import Model
from showing import Shown, shown_by_model
from stage import Stage, on_stage
from walker import Text

PLAYERS: Final = ("laptop", "google", "google served", "azure")


def modelled(case: Case) -> Model:
    """Go through a case in the model."""
    model = Model(Text(case.source), case.rows)
    for action in case.actions:
        model.do(action)
    model.sweep()
    return model


@dataclass
class Company:
    """Play cases; what is slow to open is opened once."""

    _azure: list[AzureStage] = field(default_factory=list)

    def try_out(self, case: Case, players: Sequence[str]) -> Model:
        """Have a case played, and compare. Raises Disagreement, AppRefused."""
        played: dict[str, Shown] = {}
        with on_stage(case) as stage_of:
            for player in players:
                try:
                    played[player] = self._play(player, stage_of, case)
                except Exception as error:  # whatever stops a player is a difference
                    said = "".join(traceback.format_exception(error)[-3:])
                    raise Disagreement(f"{player} cannot go on: {said}\n\n{told(case)}") from error
        model = modelled(case)
        judge(case, shown_by_model(model), played)
        return model

    def _play(self, player: str, stage_of: Callable[[str], Stage], case: Case) -> Shown:
        match player:
            case "laptop":
                return LaptopPlayer(stage_of(player), case).play()
            case "google":
                return GooglePlayer(stage_of(player), case, serve=False).play()
            case "google served":
                return GooglePlayer(stage_of(player), case, serve=True).play()
        return self._azure_stage().play(case)

    def _azure_stage(self) -> AzureStage:
        if not self._azure:
            self._azure.append(AzureStage())
        return self._azure[0]

    def close(self) -> None:
        """Let go of what is open."""
        for stage in self._azure:
            stage.close()
