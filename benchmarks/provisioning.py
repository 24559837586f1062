"""Measure the program that deploys the brokerage, against the same resources written by hand, without an engine.

    python -m benchmarks.provisioning --rounds 5

By hand means a file of literals: as many resources of the same classes, with the same inputs, and no component, no
Blueprint and no thought. Both run in a process of their own under Pulumi's mocks, one after the other.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parents[1] / "tests" / "pulumi"
CLOUDS = ("azure", "google")


def main() -> None:
    """Print the median seconds and megabytes of both, for both clouds, and their ratio."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--one", nargs=3, metavar=("WHAT", "CLOUD", "FILE"))
    options = parser.parse_args()
    if options.one:
        print(json.dumps(one(*options.one)))
        return
    for cloud in CLOUDS:
        print(line_of(cloud, options.rounds), flush=True)


def line_of(cloud: str, rounds: int) -> str:
    """Measure one cloud."""
    figures: dict[str, list[dict[str, float]]] = {"program": [], "by_hand": []}
    with tempfile.TemporaryDirectory() as folder:
        file = str(Path(folder) / "by_hand.py")
        apart("write", cloud, file)
        for _ in range(rounds):
            for what, found in figures.items():
                found.append(apart(what, cloud, file))
    seconds = {what: statistics.median(one["seconds"] for one in found) for what, found in figures.items()}
    megabytes = {what: statistics.median(one["megabytes"] for one in found) for what, found in figures.items()}
    ratio = statistics.median(
        program["seconds"] / by_hand["seconds"]
        for program, by_hand in zip(figures["program"], figures["by_hand"], strict=True)
    )
    return (
        f"{cloud}: {figures['program'][0]['resources']:.0f} resources; program {seconds['program']:.1f} s, "
        f"{megabytes['program']:.0f} MB; by hand {seconds['by_hand']:.1f} s, {megabytes['by_hand']:.0f} MB; "
        f"ratio {ratio:.2f} (<= 1.3)"
    )


def apart(what: str, cloud: str, file: str) -> dict[str, float]:
    """Measure in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.provisioning", "--one", what, cloud, file]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr[-3000:])
    found: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return found


def one(what: str, cloud: str, file: str) -> dict[str, float]:
    """Run one of them, and return what it cost this process."""
    began = time.process_time()
    sys.path.insert(0, str(TESTS))
    import pulumi.runtime  # noqa: PLC0415  # its import is part of what is measured
    from recorded import Recorder, package, stack_of  # noqa: PLC0415

    recorder = Recorder()
    pulumi.runtime.set_mocks(recorder, project="desk", stack="dev", preview=False)
    if what == "by_hand":
        source = compile(Path(file).read_text("utf-8"), file, "exec")
        pulumi.runtime.test(lambda: exec(source, {}))()
    else:
        with tempfile.TemporaryDirectory() as folder:
            pulumi.runtime.test(lambda: program(stack_of(cloud), Path(folder), package))()
    cost = {
        "seconds": time.process_time() - began,
        "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
        "resources": float(len(recorder.made)),
    }
    if what == "write":
        Path(file).write_text(by_hand(recorder.made), "utf-8")
    return cost


def program(stack: Any, folder: Path, package: Any) -> None:
    """Do what the program does, from the App on, with packages that are there."""
    from isthmus.provision.demand import demand_of  # noqa: PLC0415  # its import is part of what is measured
    from isthmus.provision.deployment import blueprint_of, tell  # noqa: PLC0415

    demand = demand_of(blueprint_of(stack.app, folder), stack.cloud)
    packages = {unit.name: package(unit.name, folder) for unit in demand.units}
    for contract in demand.workflows:
        (folder / "workflows" / f"{contract}-0.yaml").write_text("main: {steps: []}", "utf-8")
    arguments = (demand.app, stack, demand, packages, package("migrations", folder))
    if stack.cloud == "azure":
        from isthmus.provision.azure_target import AzureTarget  # noqa: PLC0415

        tell(AzureTarget(*arguments).review)
    else:
        from isthmus.provision.google_target import GoogleTarget  # noqa: PLC0415

        tell(GoogleTarget(*arguments).review)


def by_hand(made: list[Any]) -> str:
    """Write the resources down as a program of literals."""
    from pulumi import _types  # noqa: PLC0415
    from sdk_types import classes_of  # noqa: PLC0415

    lines, modules = [], set()
    for place, one in enumerate(made):
        classes = classes_of(one.token)
        assert classes is not None
        made_by, arguments = classes
        package, _, rest = made_by.__module__.partition(".")
        module = rest.partition(".")[0]
        modules.add(f"from {package} import {module}")
        python = {travels: name for name, travels in _types.input_type_py_to_pulumi_names(arguments).items()}
        literals = {
            python[key]: value
            for key, value in one.inputs.items()
            if key in python and key not in ("source", "resourceName")
        }
        lines.append(f"{module}.{made_by.__name__}({f'{place}-{one.name}'!r}, **{literals!r})")
    return "\n".join([*sorted(modules), "", *lines, ""])


if __name__ == "__main__":
    main()
