"""The program: read the stack, derive what the App asks for, tell what that means, and make it."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pulumi
import pulumi.runtime

from isthmus.core.app import App
from isthmus.core.blueprint import Blueprint
from isthmus.core.errors import IsthmusError
from isthmus.provision.demand import Demand, demand_of
from isthmus.provision.packages import migrations_of, packages_of
from isthmus.provision.residency import hold_to_residency
from isthmus.provision.review import Review, hold_to_connections
from isthmus.provision.stack import NAMESPACE, Stack, StackInvalid, read_stack

if TYPE_CHECKING:
    from isthmus.provision.azure_target import AzureTarget
    from isthmus.provision.google_target import GoogleTarget


ALREADY_TOLD: Final = 32
"""How a program exits that has told its own error: the engine then adds none."""


def deploy() -> AzureTarget | GoogleTarget:
    """Make all that the App of this stack needs, and export where it is reached.

    What is wrong with the stack, the App or its packages ends the program with one error, before anything is made.
    """
    try:
        stack = current_stack()
        blueprint = blueprint_of(stack.app, Path.cwd())
        stack = hold_to_residency(stack, blueprint)
        demand = demand_of(blueprint, stack.cloud)
        hold_to_connections(stack, demand)
        packages = packages_of(stack, demand, Path.cwd())
        migrations = migrations_of(packages[demand.home.name], stack)
    except IsthmusError as error:
        pulumi.log.error(str(error))
        sys.exit(ALREADY_TOLD)
    target: AzureTarget | GoogleTarget
    if stack.cloud == "azure":
        from isthmus.provision.azure_target import AzureTarget  # noqa: PLC0415  # one cloud's SDK, not both

        target = AzureTarget(demand.app, stack, demand, packages, migrations)
    else:
        from isthmus.provision.google_target import GoogleTarget  # noqa: PLC0415

        target = GoogleTarget(demand.app, stack, demand, packages, migrations)
    tell(target.review)
    pulumi.export("endpoints", target.endpoints)
    pulumi.export("sealedJournal", target.sealed_journal)
    return target


def current_stack() -> Stack:
    """Return the configuration of the stack that is deployed."""
    prefix = f"{NAMESPACE}:"
    known = {**pulumi.runtime.config.get_config_env(), **pulumi.runtime.config.CONFIG.get()}
    set_keys = [key.removeprefix(prefix) for key in known if key.startswith(prefix)]
    config = pulumi.Config(NAMESPACE)
    return read_stack({key: _value(config, key) for key in set_keys}, pulumi.get_stack())


def _value(config: pulumi.Config, key: str) -> Any:
    """Return a value: an object or list where one was written, else the text."""
    text = config.get(key) or ""
    return config.get_object(key) if text.lstrip().startswith(("{", "[")) else text


def blueprint_of(reference: str, here: Path) -> Blueprint:
    """Import an App by `MODULE:APP`, and return what it asks for.

    Raises StackInvalid (ISTH280), and AppRefused (ISTH110) with every problem found.
    """
    module_name, _, attribute = reference.partition(":")
    if str(here) not in sys.path:
        sys.path.insert(0, str(here))
    try:
        found = getattr(importlib.import_module(module_name), attribute, None)
    except ImportError as error:
        raise StackInvalid(f"it cannot be imported: {error}", place=reference, instead="correct isthmus:app") from error
    if not isinstance(found, App):
        raise StackInvalid("it is no App", place=reference, instead="pulumi config set isthmus:app MODULE:APP")
    return found.load().blueprint


def tell(review: Review) -> None:
    """Say what cannot be undone, what remains and what bills, in every preview and deployment."""
    for line in review.lines():
        pulumi.log.info(line)


__all__ = ["Demand", "blueprint_of", "current_stack", "deploy"]
