"""Configuration on a laptop: a folder of its own for each implementation, and the secrets that it declared."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

from isthmus.core.errors import EnvironmentFault, SourceError
from isthmus.core.ports import Binding, Configuration


class SecretUnavailable(EnvironmentFault):
    """Report a secret that was declared and is not there."""

    code = "ISTH305"


class LocalConfiguration:
    """Give an implementation what it declared, and nothing else."""

    def __init__(self, binding: Binding, folder: Path) -> None:
        self._secrets = frozenset(binding.secrets)
        self._folder = folder

    @property
    def folder(self) -> str:
        """Return the folder of the implementation's own."""
        return str(self._folder)

    def secret(self, name: str) -> str:
        """Return a declared secret: the file `secrets/NAME` of the folder, else `ISTHMUS_SECRET_NAME`.

        Raises SourceError when it was not declared, SecretUnavailable (ISTH305) when it is not there.
        """
        if name not in self._secrets:
            raise SourceError(f"secret {name} was not declared", instead=f"App.bind(…, secrets=[{name!r}])")
        file = self._folder / "secrets" / name
        if file.is_file():
            return file.read_text(encoding="utf-8").strip()
        variable = f"ISTHMUS_SECRET_{name.upper().replace('-', '_')}"
        if variable in os.environ:
            return os.environ[variable]
        raise SecretUnavailable(f"secret {name} is not there", instead=f"write secrets/{name}, or set {variable}")


def configuration_in(folder: Path) -> Callable[[Binding], Configuration]:
    """Return what gives every implementation the same folder, and its own secrets."""
    return lambda binding: LocalConfiguration(binding, folder)
