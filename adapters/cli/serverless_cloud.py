"""The verbs of the Serverless Framework that end in a cloud, all but `logs` through the Pulumi program.

package      isthmus package CLOUD, and one archive of it
deploy       the archive, through `pulumi up`, held to residency likewise; it is kept when that went well
rollback     an archive that was kept, in the same way
plan         `pulumi preview`, under the policy pack of residency where the stage has one
remove       `pulumi destroy`
"""

from __future__ import annotations

import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Final

from isthmus.adapters.cli.output import say
from isthmus.adapters.cli.pulumi_command import StackCommand
from isthmus.core.errors import InputError, NotFound, SourceError

if TYPE_CHECKING:
    from isthmus.adapters.cli.serverless import Stage
    from isthmus.adapters.serverless.archive import Packed

KIB: Final = 1024


class NotThere(InputError):
    """Report a verb that a cloud, or a laptop, has not."""

    code = "ISTH286"


class RegionForbidden(SourceError):
    """Report a region in which the residency of a stage does not let its data live."""

    code = "ISTH192"


def hold_to_cloud(stage: Stage, verb: str) -> None:
    """Raise NotThere (ISTH286) when a stage is of this machine."""
    if stage.cloud == "local":
        raise NotThere(
            f"the cloud of stage {stage.service.stage} is local",
            place=verb,
            instead="give --stage one whose params say cloud: azure or cloud: google",
        )


def packed_of(stage: Stage) -> Packed:
    """Say whose an archive of a stage is."""
    from isthmus.adapters.serverless.archive import Packed  # noqa: PLC0415

    service = stage.service
    return Packed(
        service=service.name, stage=service.stage, cloud=stage.cloud, app=stage.reference, isthmus=version("isthmus")
    )


def archive_of(stage: Stage) -> Path:
    """Return the archive that `package` writes and `deploy` takes."""
    return Path(stage.option("archive") or ".serverless/isthmus.zip")


def package(stage: Stage) -> int | None:
    """Have the cloud's package written and proved, and put it into the archive that the framework is given."""
    from isthmus.adapters.cli.serverless import command  # noqa: PLC0415
    from isthmus.adapters.serverless.archive import pack  # noqa: PLC0415
    from isthmus.adapters.serverless.module import FOLDER  # noqa: PLC0415

    hold_to_cloud(stage, "package")
    folder = FOLDER / stage.service.stage / "package"
    code = command("package", stage.cloud, "--app", stage.reference, "-o", str(folder))
    if code:
        return code
    archive = archive_of(stage)
    pack(folder, packed_of(stage), archive)
    say(f"{archive.name}: {archive.stat().st_size / KIB:,.0f} KiB for {stage.cloud}")
    return None


def plan(stage: Stage) -> None:
    """Say what a deployment would change, and what residency forbids of the App and of every resource."""
    hold_to_cloud(stage, "plan")
    hold_to_residency(stage)
    code = package(stage)
    if code:
        raise SystemExit(code)
    with stack_of(stage, archive_of(stage)) as stack:
        stack.ready()
        stack.preview()


def deploy(stage: Stage) -> None:
    """Deploy the archive that `package` wrote, and keep it."""
    hold_to_cloud(stage, "deploy")
    _deploy(stage, archive_of(stage))


def deploy_function(stage: Stage) -> None:
    """Package the service, and deploy the code of the unit that a function is in, once its database is migrated.

    Home has the workflows and all that reaches the app: a function that is there is deployed with the whole service.
    """
    from isthmus.adapters.serverless.stack import code_of  # noqa: PLC0415

    hold_to_cloud(stage, "deploy function")
    hold_to_residency(stage)
    unit, is_home = _unit_of(stage)
    code = package(stage)
    if code:
        raise SystemExit(code)
    if is_home:
        say(f"unit {unit} is home of the workflows: the whole service is deployed")
        deploy(stage)
        return
    with stack_of(stage, archive_of(stage)) as stack:
        stack.ready()
        targets = code_of(stack.resources(), unit)
        if not targets:
            raise NotThere(
                f"nothing is deployed to stage {stage.service.stage}",
                place="deploy function",
                instead="deploy it whole",
            )
        stack.up(*(part for one in targets for part in ("--target", one)))
    say(f"unit {unit} has the code of now; serverless deploy brings the others to it")


def _unit_of(stage: Stage) -> tuple[str, bool]:
    """Return the unit in which a function is deployed, and whether that is home."""
    from isthmus.adapters.cli.project import composition_of  # noqa: PLC0415
    from isthmus.core.blueprint import deployed_units, home_unit  # noqa: PLC0415

    contract = stage.contract()
    plan = composition_of(stage.reference).blueprint
    units = {workflow.contract: workflow.unit for workflow in plan.workflows}
    units |= {function.contract: function.unit for function in plan.functions}
    if contract not in units:
        raise NotFound("the app has no such contract", place=contract, instead=f"name one of {', '.join(units)}")
    home = home_unit(plan)
    unit = units[contract] if units[contract] in deployed_units(plan) else home
    return unit, unit == home


def rollback(stage: Stage) -> None:
    """Deploy an archive again that was kept; without a time, say which are."""
    from isthmus.adapters.serverless.archive import kept, kept_archive  # noqa: PLC0415

    hold_to_cloud(stage, "rollback")
    moment = stage.option("timestamp")
    if moment is None:
        for one in kept(stage.service.stage) or ["no deployment is kept"]:
            say(one)
        return
    _deploy(stage, kept_archive(stage.service.stage, moment))


def _deploy(stage: Stage, archive: Path) -> None:
    from isthmus.adapters.cli.serverless_info import say_deployed  # noqa: PLC0415
    from isthmus.adapters.runtime.clock import SystemClock  # noqa: PLC0415
    from isthmus.adapters.serverless.archive import keep  # noqa: PLC0415

    hold_to_residency(stage)
    with stack_of(stage, archive) as stack:
        stack.ready()
        stack.up()
        say_deployed(stack.outputs())
    kept = keep(archive, stage.service.stage, SystemClock().now())
    say(f"kept as {kept.stem}: serverless rollback -t {kept.stem} deploys it again")


def remove(stage: Stage) -> None:
    """Take away what was deployed. What only a person may take away stays, and Pulumi says so."""
    hold_to_cloud(stage, "remove")
    stack = known_stack(stage)
    if not stack.exists():
        raise NotThere(
            f"nothing is deployed to stage {stage.service.stage}",
            place="remove",
            instead="name the stage that is, and log in to where its state is kept: pulumi login",
        )
    stack.destroy()
    say(f"stage {stage.service.stage} is removed; the packages that were kept stay")


def hold_to_residency(stage: Stage) -> None:
    """Have the App held to the residency of a stage before any cloud is called. Raises RegionForbidden (ISTH192)."""
    from isthmus.adapters.cli.serverless import availability, command  # noqa: PLC0415

    provider = stage.service.provider
    if provider.residency is None or provider.region is None:
        return
    given = ("--policy", provider.residency, "--cloud", stage.cloud, "--region", provider.region)
    if command("check", "--app", stage.reference, *given, *availability(stage)):
        raise RegionForbidden(
            f"residency {provider.residency} does not let the data of {stage.service.name} be in {provider.region}",
            place="serverless.yml: provider.region",
            instead="serverless regions lists where it may be",
        )


@contextmanager
def stack_of(stage: Stage, archive: Path) -> Iterator[StackCommand]:
    """Give the stack of a stage, with what an archive holds, while the block lasts."""
    from isthmus.adapters.serverless.archive import unpack  # noqa: PLC0415
    from isthmus.adapters.serverless.stack import (  # noqa: PLC0415
        configuration_of,
        secrets_of,
        write_configuration,
        write_program,
    )
    from isthmus.provision.policy import FOLDER as POLICIES  # noqa: PLC0415

    with tempfile.TemporaryDirectory(prefix="isthmus-") as place:
        folder = unpack(archive, packed_of(stage), Path(place))
        units = sorted(one for one in folder.iterdir() if (one / "wheels").is_dir()) or [folder]
        configuration = configuration_of(stage.service, stage.reference, folder.resolve())
        yield StackCommand(
            folder=write_program(stage.service),
            stack=stage.service.stage,
            configuration=write_configuration(stage.service, configuration),
            modules=units[:1],
            secrets=secrets_of(stage.service),
            policies=None if stage.service.provider.residency is None else POLICIES,
        )


def known_stack(stage: Stage) -> StackCommand:
    """Return the stack of a stage for what runs no program: looking at it, and taking it away."""
    from isthmus.adapters.serverless.stack import (  # noqa: PLC0415
        place_of,
        write_configuration,
        write_program,
    )

    return StackCommand(
        folder=write_program(stage.service),
        stack=stage.service.stage,
        configuration=write_configuration(stage.service, place_of(stage.service)),
    )


def logs(stage: Stage) -> int | None:
    """Have the cloud's own tool ask for the logs of a contract; print the query where the tool is missing."""
    from isthmus.adapters.serverless.logs import Question, since_of  # noqa: PLC0415

    if stage.options.get("tail"):
        raise NotThere("logs are not followed", place="--tail", instead="ask again, with --startTime 5m")
    if stage.cloud == "local":
        raise NotThere(
            "a laptop's failures are printed by serverless offline", place="logs", instead="isthmus journal export"
        )
    since = since_of(stage.option("startTime"))
    asked = Question(contract=stage.contract(), since=since, text=stage.option("filter"))
    query, call = _asking(stage, asked)
    if call is None or shutil.which(call[0]) is None:
        tool = "az" if stage.cloud == "azure" else "gcloud"
        say(f"{tool} is not here, or nothing is deployed. The query, for the cloud's own page of logs:\n\n{query}")
        return None
    return subprocess.run(call, check=False).returncode  # noqa: S603  # the cloud's own tool


def _asking(stage: Stage, asked: object) -> tuple[str, list[str] | None]:
    from isthmus.adapters.serverless import logs as asking  # noqa: PLC0415

    assert isinstance(asked, asking.Question)
    if stage.cloud == "google":
        query, project = asking.google_query(asked), stage.service.provider.project
        return query, None if project is None else asking.google_command(query, project, asked.since)
    query = asking.azure_query(asked)
    if shutil.which("pulumi") is None:
        return query, None
    kind = "azure-native:applicationinsights:Component"
    found = [str(one["id"]) for one in known_stack(stage).resources() if one["type"] == kind]
    return query, asking.azure_command(query, found[0]) if found else None
