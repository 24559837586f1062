"""Recorded previews: what the real engine prints of the good programs, without what differs from run to run.

python tests/residency/recording.py FOLDER_OF_PULUMI        writes previews/azure.json and previews/google.json anew
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
PREVIEWS, PROGRAMS = HERE / "previews", HERE / "programs"
KEPT = ("urn", "custom", "type", "inputs", "parent", "provider", "propertyDependencies")


def reduced(printed: str) -> str:
    """Return a preview a line a resource, without times and places of source."""
    steps = [
        {"op": step["op"], "newState": {key: step["newState"][key] for key in KEPT if key in step["newState"]}}
        for step in json.loads(printed)["steps"]
    ]
    lines = ",\n".join(json.dumps(step, ensure_ascii=False) for step in steps)
    return f'{{"steps": [\n{lines}\n]}}\n'


def previewed(program: str, environment: dict[str, str], folder: Path, *arguments: str) -> Any:
    """Run `pulumi preview` on a program."""
    return commanded(program, environment, folder, "preview", "--show-sames", *arguments)


def commanded(program: str, environment: dict[str, str], folder: Path, *command: str) -> Any:
    """Run a command of Pulumi's on a program, in a stack of its own."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "Pulumi.yaml").write_text("name: desk\nruntime: python\n", "utf-8")
    (folder / "__main__.py").write_text(program, "utf-8")
    surroundings = {**os.environ, **environment}

    def run(*words: str) -> Any:
        line = ["pulumi", *words, "--non-interactive", "--color", "never"]
        return subprocess.run(line, cwd=folder, env=surroundings, capture_output=True, text=True, check=False)

    run("stack", "init", "dev")
    return run(*command)


def main(folder_of_pulumi: str) -> None:
    """Record both programs."""
    sys.path.insert(0, str(HERE.parent / "pulumi"))
    import standin  # noqa: PLC0415  # an extra

    for cloud in ("azure", "google"):
        with tempfile.TemporaryDirectory() as inside:
            _, server, port = standin.serve()
            state = Path(inside) / "state"
            state.mkdir()
            environment = {
                "PATH": os.pathsep.join([folder_of_pulumi, str(Path(sys.executable).parent), os.environ["PATH"]]),
                "PULUMI_BACKEND_URL": state.as_uri(),
                "PULUMI_CONFIG_PASSPHRASE": "of the tests",
                "PULUMI_HOME": str(Path(inside) / "home"),
                "PULUMI_SKIP_UPDATE_CHECK": "true",
                "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
                "PULUMI_DEBUG_PROVIDERS": f"azure-native:{port},gcp:{port}",
                "PULUMI_PYTHON_CMD": sys.executable,
            }
            program = (PROGRAMS / f"{cloud}.py").read_text("utf-8")
            done = previewed(program, environment, Path(inside) / "desk", "--json")
            server.stop(0)
        assert done.returncode == 0, done.stdout + done.stderr
        (PREVIEWS / f"{cloud}.json").write_text(reduced(done.stdout), "utf-8")


if __name__ == "__main__":
    main(sys.argv[1])
