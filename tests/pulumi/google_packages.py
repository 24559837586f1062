"""Packages for Google Cloud as `isthmus package google` writes them, of code that is never run here."""

from __future__ import annotations

import importlib
from pathlib import Path

from isthmus.adapters.gcp.compiler import compile_workflow
from isthmus.adapters.gcp.naming import workflow_name
from isthmus.core.blueprint import deployed_units

MAIN = '"""The functions of a unit."""\n\nfrom isthmus.adapters.gcp.deployed import app\n\n__all__ = ["app"]\n'


def write_packages(reference: str, folder: Path, code: str = MAIN) -> Path:
    """Write a folder for each unit of an App, home's with the compiled workflows."""
    module, _, attribute = reference.partition(":")
    composition = getattr(importlib.import_module(module), attribute).load()
    home, *others = deployed_units(composition.blueprint)
    for unit in (home, *others):
        inside = folder / unit if others else folder
        inside.mkdir(parents=True, exist_ok=True)
        (inside / "main.py").write_text(code, "utf-8")
        (inside / "requirements.txt").write_text("isthmus[google]\n", "utf-8")
    flows = (folder / home if others else folder) / "workflows"
    flows.mkdir(exist_ok=True)
    for contract, program in composition.programs.items():
        name = workflow_name(contract, program.version)
        (flows / f"{name}.yaml").write_text(compile_workflow(composition, contract), "utf-8")
    return folder
