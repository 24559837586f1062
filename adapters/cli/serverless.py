"""`isthmus serverless VERB`: what the plugin of the Serverless Framework hands over, done by the other commands.

    serverless invoke local -f pay -d '{…}'     isthmus start pay_out --app payouts_service:app --input '{…}'

The request is JSON on standard input, because it holds the resolved configuration, secrets included. An App that
serverless.yml describes is checked, and given a module by which the other commands import it.
"""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import click

from isthmus.adapters.cli.extras import require
from isthmus.adapters.cli.faults import app_fails
from isthmus.core.errors import IsthmusError, NotFound

if TYPE_CHECKING:
    from isthmus.adapters.serverless.service import Service


class Stage(NamedTuple):
    """Be the stage of a service that a verb is done for, and the reference by which its App is imported."""

    service: Service
    options: dict[str, Any]
    reference: str

    @property
    def cloud(self) -> str:
        """Return where the stage is: local, azure or google."""
        return self.service.provider.cloud

    def option(self, name: str) -> str | None:
        """Return an option of the command, or None when it was not given."""
        value = self.options.get(name)
        return None if value in (None, "") else str(value)

    def contract(self) -> str:
        """Return the contract of `--function`: the one that the function or workflow of that name fulfils."""
        name = self.option("function")
        if name is None:
            raise NotFound("no function is named", place="--function", instead="write -f NAME")
        if self.service.isthmus.app is not None:
            return name
        from isthmus.adapters.serverless.composition import contract_names  # noqa: PLC0415

        known = contract_names(self.service.composed)
        if name not in known:
            raise NotFound("the service has no such function", place=name, instead=f"name one of {', '.join(known)}")
        return known[name]

    def database(self) -> tuple[str, ...]:
        """Return the option that names the database, when the service does."""
        return () if self.service.isthmus.database is None else ("--database", self.service.isthmus.database)


@click.command()
@click.argument("verb")
def serverless(verb: str) -> int | None:
    """Do VERB for the Serverless Framework's plugin, which hands its request over on standard input."""
    require("serverless", "serverless")
    from isthmus.adapters.serverless.service import request_from, service_of  # noqa: PLC0415  # an extra

    if verb not in VERBS:
        raise NotFound("there is no such verb", place=verb, instead=f"name one of {', '.join(VERBS)}")
    request = request_from(sys.stdin.buffer.read(), version("isthmus"))
    service = service_of(request)
    _hold_to_region(service, request.options.get("region"))
    _surround(service)
    return VERBS[verb](Stage(service, request.options, _reference(service)))


def _hold_to_region(service: Service, given: object) -> None:
    """Refuse a region that would not be the one that is reviewed. Raises RequestInvalid (ISTH285)."""
    from isthmus.adapters.serverless.service import RequestInvalid  # noqa: PLC0415

    if given not in (None, "", service.provider.region):
        raise RequestInvalid(
            f"stage {service.stage} is in {service.provider.region or 'no region'}",
            place="--region",
            instead="write another region under params of a stage",
        )


def _surround(service: Service) -> None:
    """Let this process have what the service says of its surroundings, for as long as it lives."""
    os.environ.update(service.provider.environment)
    for name, value in service.provider.secrets.items():
        os.environ[f"ISTHMUS_SECRET_{name.upper().replace('-', '_')}"] = value
    if str(Path.cwd()) not in sys.path:
        sys.path.insert(0, str(Path.cwd()))


def _reference(service: Service) -> str:
    """Return the App that the service names; or check the one that it describes, and give it a module."""
    if service.isthmus.app is not None:
        return service.isthmus.app
    from isthmus.adapters.serverless.composition import app_of  # noqa: PLC0415
    from isthmus.adapters.serverless.module import FOLDER, write_module  # noqa: PLC0415

    try:
        app_of(service.composed)
    except IsthmusError:
        raise
    except (Exception, SystemExit) as fault:  # noqa: BLE001
        raise app_fails("serverless.yml", fault) from None
    folder = Path.cwd() / FOLDER / service.stage
    reference = write_module(service.composed, folder)
    sys.path.insert(0, str(folder))
    return reference


def command(*arguments: str) -> int | None:
    """Do another command in this process, and return its exit code. Raises RequestInvalid (ISTH285) for wrong usage."""
    from isthmus.adapters.cli.main import isthmus  # noqa: PLC0415  # it imports this one
    from isthmus.adapters.serverless.service import RequestInvalid  # noqa: PLC0415

    try:
        result: int | None = isthmus.main(arguments, prog_name="isthmus", standalone_mode=False)
    except click.UsageError as fault:
        place = f"isthmus {arguments[0]}"
        raise RequestInvalid(fault.format_message(), place=place, instead="say otherwise in serverless.yml") from None
    return result


def _offline(stage: Stage) -> int | None:
    port = stage.option("port")
    return command("serve", "--app", stage.reference, *stage.database(), *(() if port is None else ("--port", port)))


def _invoke_local(stage: Stage) -> int | None:
    return command("start", stage.contract(), "--app", stage.reference, *stage.database(), "--input", _message(stage))


def _message(stage: Stage) -> str:
    """Return the message that a command names: as JSON, or a file of it."""
    data, path = stage.option("data"), stage.option("path")
    if data is not None:
        return data
    if path is None:
        raise NotFound("no message is given", place="--data", instead="write -d '{…}', or -p FILE")
    return f"@{path}"


def _info(stage: Stage) -> None:
    from isthmus.adapters.cli.serverless_info import say_deployed, say_info  # noqa: PLC0415

    say_info(stage.service, stage.reference)
    if stage.cloud != "local" and shutil.which("pulumi"):
        from isthmus.adapters.cli.serverless_cloud import known_stack  # noqa: PLC0415

        say_deployed(known_stack(stage).outputs())


def _lock(stage: Stage) -> int | None:
    return command("lock", "--app", stage.reference, *(("--check",) if stage.options.get("check") else ()))


def _invoke(stage: Stage) -> int | None:
    if stage.cloud == "local":
        return _invoke_local(stage)
    return command(
        "start", stage.contract(), "--app", stage.reference, "--target", stage.cloud, "--input", _message(stage)
    )


def _regions(stage: Stage) -> int | None:
    provider = stage.service.provider
    if provider.residency is None:
        raise NotFound(
            f"stage {stage.service.stage} has no residency",
            place="serverless.yml: provider",
            instead="write residency: eu, or a file",
        )
    cloud = () if stage.cloud == "local" else ("--cloud", stage.cloud)
    return command("regions", "--policy", provider.residency, *cloud, *availability(stage))


def availability(stage: Stage) -> list[str]:
    """Return the options that bring the listings of a stage: what regions have which service."""
    return [part for listing in stage.service.provider.availability for part in ("--availability", listing)]


def _metrics(_stage: Stage) -> None:
    from isthmus.adapters.cli.serverless_cloud import NotThere  # noqa: PLC0415

    raise NotThere("there are no metrics yet", place="metrics", instead="the cloud's own pages count")


def _in_cloud(verb: str) -> Callable[[Stage], int | None]:
    def do(stage: Stage) -> int | None:
        from isthmus.adapters.cli import serverless_cloud  # noqa: PLC0415  # only when it is needed

        result: int | None = getattr(serverless_cloud, verb)(stage)
        return result

    return do


VERBS: Final[dict[str, Callable[[Stage], int | None]]] = {
    "offline": _offline,
    "invoke-local": _invoke_local,
    "invoke": _invoke,
    "info": _info,
    "lock": _lock,
    "regions": _regions,
    "metrics": _metrics,
    "deploy-function": _in_cloud("deploy_function"),
    **{verb: _in_cloud(verb) for verb in ("package", "plan", "deploy", "rollback", "remove", "logs")},
}
