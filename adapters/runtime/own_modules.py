"""Own modules: which of the user's modules an App consists of, so that they can be packaged with it."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Any

from isthmus.core.composition import Composition


def own_modules(reference: str, composition: Composition) -> list[str]:
    """Return the top-level modules of an App that are none of ours, and none of Python's.

    These are that of the App, and those of its handlers, workflows, contracts and bindings. What these import from
    yet another one is not found.
    """
    mentioned = {name.partition(".")[0] for name in (reference.partition(":")[0], *_modules(composition))}
    return sorted(mentioned - {"isthmus"} - sys.stdlib_module_names)


def _modules(composition: Composition) -> Iterator[str]:
    mentioned: list[Any] = [handler.function for handler in composition.handlers.values()]
    mentioned += [workflow.function for workflow in composition.workflows.values()]
    mentioned += [binding.implementation for binding in composition.app.bindings.values()]
    for contract in composition.contracts.values():
        mentioned += [contract.input_type, contract.output_type]
    for one in mentioned:
        yield getattr(one, "__module__", None) or type(one).__module__
