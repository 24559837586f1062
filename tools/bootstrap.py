"""Put `uv` into a folder, with nothing but Python's standard library: `python3 tools/bootstrap.py .tools`.

pip does it where there is one, in the way it is configured. Debian's bare python3 has neither pip nor venv: there the
wheel is fetched from the package index itself, its SHA-256 compared with the index's word, and unpacked.
It runs on any Python from 3.8 on, so it uses nothing newer.
"""

import configparser
import hashlib
import json
import os
import platform
import shutil
import ssl
import stat
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
import zipfile
from pathlib import Path

VERSION = "0.13.9"
INDEX = "https://pypi.org/simple"
PLATFORMS = {
    ("Linux", "x86_64"): "manylinux_2_17_x86_64",
    ("Linux", "aarch64"): "manylinux_2_17_aarch64",
    ("Darwin", "x86_64"): "macosx_10_12_x86_64",
    ("Darwin", "arm64"): "macosx_11_0_arm64",
    ("Windows", "AMD64"): "win_amd64",
}
JSON = "application/vnd.pypi.simple.v1+json"


def main(folder):
    """Leave an executable `uv` in the folder; end with a sentence when that cannot be."""
    folder.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as scratch:
        wheel = by_pip(Path(scratch)) or by_hand(Path(scratch))
        unpack(wheel, folder)
    print(f"uv {VERSION} is in {folder}")


def by_pip(scratch):
    """Download the wheel with pip, or return None where there is no pip or it fails."""
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--only-binary", ":all:"]
    done = subprocess.run([*command, "--dest", str(scratch), f"uv=={VERSION}"], capture_output=True, check=False)
    return next(scratch.glob("uv-*.whl"), None) if done.returncode == 0 else None


def by_hand(scratch):
    """Download the wheel from the package index, and compare its hash."""
    wanted = PLATFORMS.get((platform.system(), platform.machine()))
    if wanted is None:
        sys.exit(f"there is no uv for {platform.system()} {platform.machine()} here: install uv and try again")
    index = package_index()
    page = f"{index}/uv/"
    try:
        files = json.loads(fetch(page, JSON))["files"]
        entry = next(one for one in files if one["filename"].startswith(f"uv-{VERSION}-") and wanted in one["filename"])
        content = fetch(urllib.parse.urljoin(page, entry["url"]), "*/*")
    except (OSError, ValueError, StopIteration) as fault:
        sys.exit(f"uv {VERSION} cannot be had from {index} ({fault!r}): install uv, or set PIP_INDEX_URL")
    if hashlib.sha256(content).hexdigest() != entry["hashes"]["sha256"]:
        sys.exit(f"{entry['filename']} is not what {index} says it is: its SHA-256 differs")
    wheel = scratch / entry["filename"]
    wheel.write_bytes(content)
    return wheel


def package_index():
    """Return the address of the package index that pip and uv would use."""
    for name in ("UV_DEFAULT_INDEX", "UV_INDEX_URL", "PIP_INDEX_URL"):
        if os.environ.get(name):
            return os.environ[name].rstrip("/")
    files = [os.environ.get("PIP_CONFIG_FILE", ""), "~/.config/pip/pip.conf", "~/.pip/pip.conf", "/etc/pip.conf"]
    for file in files:
        parser = configparser.RawConfigParser()
        if file and file != os.devnull and parser.read(Path(file).expanduser()):
            found = parser.get("global", "index-url", fallback=None)
            if found:
                return found.rstrip("/")
    return INDEX


def fetch(address, accept):
    """Return what stands at an https address."""
    if not address.startswith("https://"):
        sys.exit(f"{address} is not https: nothing is fetched from it")
    certificates = os.environ.get("SSL_CERT_FILE") or os.environ.get("PIP_CERT") or None
    context = ssl.create_default_context(cafile=certificates)
    request = urllib.request.Request(address, headers={"Accept": accept})
    with urllib.request.urlopen(request, timeout=120, context=context) as answer:
        return answer.read()


def unpack(wheel, folder):
    """Put the wheel's programs into the folder, executable, each in one move."""
    with zipfile.ZipFile(wheel) as archive:
        for name in archive.namelist():
            program = name.rpartition("/")[2]
            if "/scripts/" not in name or not program:
                continue
            unfinished = folder / f"{program}.unfinished"
            with archive.open(name) as source, unfinished.open("wb") as target:
                shutil.copyfileobj(source, target)
            unfinished.chmod(unfinished.stat().st_mode | stat.S_IXUSR | stat.S_IXGRP | stat.S_IXOTH)
            unfinished.replace(folder / program)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
