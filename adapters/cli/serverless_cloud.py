"""The verbs of the Serverless Framework that end in a cloud: package, deploy, roll back, remove."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING

from isthmus.adapters.cli.output import say
from isthmus.core.errors import InputError

if TYPE_CHECKING:
    from isthmus.adapters.cli.serverless import Stage
    from isthmus.adapters.serverless.archive import Packed

KIB = 1024


class NoCloud(InputError):
    """Report a stage of this machine, from which nothing is deployed."""

    code = "ISTH289"


def hold_to_cloud(stage: Stage, verb: str) -> None:
    """Raise NoCloud (ISTH289) when a stage is of this machine."""
    if stage.cloud == "local":
        raise NoCloud(
            f"the cloud of stage {stage.service.stage} is local",
            place=verb,
            instead="give --stage one whose params say cloud: azure or cloud: google",
        )


def packed_of(stage: Stage) -> Packed:
    """Say whose an archive of a stage is."""
    from isthmus.adapters.serverless.archive import Packed  # noqa: PLC0415

    service = stage.service
    return Packed(
        service=service.name,
        stage=service.stage,
        cloud=stage.cloud,
        app=stage.reference,
        isthmus=version("isthmus"),
    )


def package(stage: Stage) -> int | None:
    """Have the cloud's package written and proved, and put it into the archive that the framework is given."""
    from isthmus.adapters.cli.serverless import command  # noqa: PLC0415
    from isthmus.adapters.serverless.archive import pack  # noqa: PLC0415
    from isthmus.adapters.serverless.module import FOLDER  # noqa: PLC0415

    hold_to_cloud(stage, "package")
    archive = Path(stage.option("archive") or "isthmus.zip")
    folder = FOLDER / stage.service.stage / "package"
    code = command("package", stage.cloud, "--app", stage.reference, "-o", str(folder))
    if code:
        return code
    pack(folder, packed_of(stage), archive)
    say(f"{archive.name}: {archive.stat().st_size / KIB:,.0f} KiB for {stage.cloud}")
    return None
