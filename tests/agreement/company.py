"""The company that plays cases: the model, the laptop, Azure; and what they have come to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final

from azure_stage import AzureStage
from case import Case
from judgement import judge
from laptop_player import LaptopPlayer
from model import Model
from showing import Shown, shown_by_model
from stage import on_stage
from walker import Text

PLAYERS: Final = ("laptop", "azure")


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
        with on_stage(case) as stage:
            if "laptop" in players:
                played["laptop"] = LaptopPlayer(stage, case).play()
        if "azure" in players:
            played["azure"] = self._azure_stage().play(case)
        model = modelled(case)
        judge(case, shown_by_model(model), played)
        return model

    def _azure_stage(self) -> AzureStage:
        if not self._azure:
            self._azure.append(AzureStage())
        return self._azure[0]

    def close(self) -> None:
        """Let go of what is open."""
        for stage in self._azure:
            stage.close()
