"""Make each seeded mistake in a copy of the tree, and see whether random programs show it.

python tests/agreement/mutations.py                    all of them, two at a time
python tests/agreement/mutations.py --area shared      compiler, interpreter, or shared
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Final

sys.path.insert(0, str(Path(__file__).parent))

from mistakes import ALL, Mistake

ROOT: Final = Path(__file__).parents[2]
TREE: Final = ("core", "contracts", "handlers", "adapters", "tests/agreement", "pyproject.toml")
SEED: Final = "7"
DISAGREED: Final = re.compile(r"They disagree in program (\d+)")
SECONDS_MAX: Final = 900


def copied(folder: Path) -> None:
    """Copy the tree, so that `isthmus` is the copy."""
    leave = shutil.ignore_patterns("__pycache__", "*.pyc")
    for name in TREE:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, folder / name, ignore=leave)
        else:
            shutil.copy(source, folder / name)
    (folder / ".import").mkdir()
    (folder / ".import" / "isthmus").symlink_to("..")


def make(mistake: Mistake, folder: Path) -> None:
    """Make a mistake in a copy."""
    file = folder / mistake.file
    text = file.read_text("utf-8")
    assert text.count(mistake.old) == 1, f"{mistake.file} has {mistake.old!r} {text.count(mistake.old)} times"
    file.write_text(text.replace(mistake.old, mistake.new), "utf-8")


def shown(mistake: Mistake, programs: int) -> str:
    """Return by which program a mistake was shown, or why it was not."""
    with tempfile.TemporaryDirectory(prefix="isthmus-mistake-") as made:
        folder = Path(made)
        copied(folder)
        make(mistake, folder)
        turns = {name: "1" if name == mistake.player else "0" for name in ("laptop", "google", "azure")}
        options = [part for name, every in turns.items() for part in (f"--{name}", every)]
        command = [sys.executable, "-m", "tests.agreement", "--programs", str(programs), "--seed", SEED]
        command += [*options, "--served", "0", "--no-reduce", "--failing", str(folder / "failing-case.json")]
        paths = {"PYTHONPATH": os.pathsep.join([str(folder / ".import"), str(folder)])}
        try:
            done = subprocess.run(
                command,
                cwd=folder,
                env={**os.environ, **paths},
                capture_output=True,
                text=True,
                check=False,
                timeout=SECONDS_MAX,
            )
        except subprocess.TimeoutExpired:
            return f"no answer in {SECONDS_MAX} s"
    found = DISAGREED.search(done.stdout)
    if found is not None:
        return f"program {found[1]}"
    return "all agree" if "All agree" in done.stdout else f"not at all: {done.stderr[-300:]}"


def main() -> int:
    """Make all mistakes, and say which were shown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--area", choices=list(ALL))
    parser.add_argument("--programs", type=int, default=1_500)
    parser.add_argument("--at-once", type=int, default=2)
    asked = parser.parse_args()
    areas = [asked.area] if asked.area else list(ALL)
    missed = 0
    for area in areas:
        begun = time.monotonic()
        with ThreadPoolExecutor(asked.at_once) as pool:
            for mistake, how in zip(
                ALL[area], pool.map(partial(shown, programs=asked.programs), ALL[area]), strict=True
            ):
                caught = how.startswith("program")
                missed += not caught
                print(f"{'caught' if caught else 'MISSED'}  {area:12}{mistake.why:45}{how}", flush=True)
        print(f"{area}: {len(ALL[area])} mistakes, {time.monotonic() - begun:.0f} s", flush=True)
    print(f"{missed} missed" if missed else "All are caught.")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
