"""The module of a composed App: by it everything else imports the App, here and in what is packaged.

    .isthmus/serverless/STAGE/addresses_service.py     app = composed("…")

It holds the description and no secret. What stands below `.isthmus` belongs to the folder that holds that.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import msgspec

from isthmus.adapters.serverless.description import Composed

FOLDER: Final = Path(".isthmus") / "serverless"

TEXT: Final = '''"""The App of service {service}, which serverless.yml describes: `isthmus serverless` wrote this."""

from isthmus.adapters.serverless.composition import composed

app = composed({described!r})
'''


def text_of(described: Composed) -> str:
    """Return the text of the module."""
    return TEXT.format(service=described.service, described=msgspec.json.encode(described).decode())


def write_module(described: Composed, folder: Path) -> str:
    """Write the module into a folder of its owner's alone, and return the reference `MODULE:app`."""
    name = f"{re.sub('[^A-Za-z0-9]', '_', described.service)}_service"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    write_private(folder / f"{name}.py", text_of(described).encode())
    return f"{name}:app"


def write_private(path: Path, content: bytes) -> None:
    """Write a file that only its owner may read, whole or not at all."""
    written = path.with_name(f"{path.name}.new")
    written.unlink(missing_ok=True)
    written.touch(mode=0o600, exist_ok=False)
    written.write_bytes(content)
    written.replace(path)
