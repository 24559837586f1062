"""Packages for Google Cloud: what `isthmus package google` writes, without wheels, of code that is never run here."""

from __future__ import annotations

import importlib
from pathlib import Path

import msgspec

from isthmus.adapters.gcp.fitness import workflows_of
from isthmus.adapters.gcp.manifest import manifest_of
from isthmus.core.blueprint import reached_units

MAIN = '"""The functions of a unit."""\n'


def write_packages(reference: str, folder: Path, code: str = MAIN) -> Path:
    """Write a folder for each unit of an App, home's with the compiled workflows."""
    module, _, attribute = reference.partition(":")
    composition = getattr(importlib.import_module(module), attribute).load()
    home, *others = reached_units(composition.blueprint)
    for unit in (home, *others):
        inside = folder / unit if others else folder
        inside.mkdir(parents=True, exist_ok=True)
        (inside / "main.py").write_text(code, "utf-8")
        (inside / "requirements.txt").write_text("isthmus[google]\n", "utf-8")
        manifest = manifest_of(composition, unit if others else None)
        (inside / "isthmus.json").write_bytes(msgspec.json.format(msgspec.json.encode(manifest)))
    flows = (folder / home if others else folder) / "workflows"
    flows.mkdir(exist_ok=True)
    for name, text in workflows_of(composition).items():
        (flows / f"{name}.yaml").write_text(text, "utf-8")
    return folder
