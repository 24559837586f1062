"""A package as it would be deployed: served by functions-framework in a process of its own, between stand-ins.

Real: the package, functions-framework, the settings, google-auth, Google's client of executions, the database. Standing
in: Workflows (the interpreter behind gRPC, on the real clock), Pub/Sub, the metadata server, who signs tokens.
"""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import httpx2
from executions_service import ExecutionsService
from metadata import TOKEN, Metadata
from pubsub_service import Pubsub
from signing import ACCOUNT, Published, Signer
from sqlalchemy import select

from isthmus.adapters.runtime.vault import KeyFile
from isthmus.adapters.sql.database import Database
from isthmus.adapters.sql.schema import CALLBACK
from isthmus.adapters.sql.views import Views

SECONDS_MAX = 120
STAND = Path(__file__).parents[1] / "azure" / "stand.py"
COMMAND = (sys.executable, "-m", "isthmus.adapters.cli.main")


def free_port() -> int:
    with socket.socket() as bound:
        bound.bind(("127.0.0.1", 0))
        return int(bound.getsockname()[1])


class Deployed:
    """Be one app as it is deployed; its sleeps take a second."""

    def __init__(self, folder: Path, database_url: str) -> None:
        source = STAND.read_text("utf-8").replace("minutes(1)", "seconds(1)")
        self.folder = folder
        (folder / "stand.py").write_text(source, "utf-8")
        subprocess.run(
            [*COMMAND, "package", "google", "--app", "stand:app"], cwd=folder, check=True, capture_output=True
        )
        self.package = folder / "dist" / "google"
        self.url = f"http://127.0.0.1:{free_port()}"
        self.database_url = database_url
        Database.open(database_url).close()
        KeyFile(folder / "isthmus.key")
        self.signer = Signer()
        self.published = Published(self.signer)
        self.metadata = Metadata()
        self.pubsub = Pubsub("told", "others", "late.Answer", "stream.ticks", token=TOKEN)
        self.workflows = ExecutionsService(
            {file.stem: file.read_text("utf-8") for file in (self.package / "workflows").iterdir()},
            {"ISTHMUS_URL_NORMAL": self.url},
            self._identity,
        )
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    @property
    def settings(self) -> dict[str, str]:
        """Return the settings of the function, and of an operator."""
        return {
            "ISTHMUS_DATABASE": self.database_url,
            "ISTHMUS_KEY_FILE": str(self.folder / "isthmus.key"),
            "ISTHMUS_WORKFLOWS": self.workflows.url,
            "ISTHMUS_PUBSUB": self.pubsub.url,
            "ISTHMUS_URL": self.url,
            "ISTHMUS_CALLERS": f"other@desk.iam.gserviceaccount.com, {ACCOUNT}",
            "ISTHMUS_CERTIFICATES": self.published.url,
            "GCE_METADATA_HOST": self.metadata.address,
            "GCE_METADATA_IP": self.metadata.address,
            "CLOUDSDK_CONFIG": "/nowhere",
        }

    def _identity(self, request: Any) -> str:
        return f"Bearer {self.signer.token(aud=request.auth['audience'])}"

    def _environment(self, settings: Mapping[str, str]) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("ISTHMUS_", "GOOGLE_"))}
        return {**kept, **self.settings, **settings}

    # The function

    def start(self) -> None:
        """Serve the package, and return when it answers."""
        port = self.url.rpartition(":")[2]
        serve = "import sys; from functions_framework._cli import _cli; _cli()"
        command = [sys.executable, "-c", serve, "--target", "isthmus", "--host", "127.0.0.1", "--port", port, "--debug"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                command, cwd=self.package, env=self._environment({}), stdout=log, stderr=log, start_new_session=True
            )
        deadline = time.monotonic() + SECONDS_MAX
        while not self._answers():
            assert self.process.poll() is None, self.log()
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.05)

    def _answers(self) -> bool:
        try:
            return httpx2.get(f"{self.url}/favicon.ico").status_code == 404
        except httpx2.HTTPError:
            return False

    def kill(self) -> None:
        """Kill it where it stands."""
        if self.process is not None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()
            self.process = None

    def log(self) -> str:
        return (self.folder / "log").read_text("utf-8")

    def close(self) -> None:
        self.kill()
        for one in (self.workflows, self.pubsub, self.metadata, self.published):
            one.close()

    # What reaches it

    def call(self, path: str, body: Any = None, *, token: str | None = None) -> httpx2.Response:
        """Ask a private path as Google's services do, or with another token, or "" for none."""
        token = self.signer.token(aud=self.url) if token is None else token
        headers = {"authorization": f"Bearer {token}"} if token else {}
        return httpx2.post(f"{self.url}{path}", json=body or {}, headers=headers, timeout=SECONDS_MAX)

    def push(self, topic: str, subscriber: str) -> None:
        """Push what was published to a subscriber."""
        for number, message in enumerate(self.pubsub.taken[topic]):
            answer = self.call(f"/pubsub/{topic}/{subscriber}", {"message": {**message, "messageId": str(number)}})
            assert answer.status_code == 204, answer.text

    def command(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Run the command as an operator does, in a process of its own."""
        return subprocess.run(
            [*COMMAND, *arguments],
            cwd=self.folder,
            env=self._environment(settings),
            capture_output=True,
            text=True,
            check=False,
        )

    # What is there

    def status(self, run_id: str) -> str:
        database = Database.open(self.database_url, migrate=False)
        with Views(database) as views:
            found = views.run(run_id).status
        database.close()
        return str(found)

    def waits(self, run_id: str) -> bool:
        """Say whether a run's execution waits for an event at a callback."""
        database = Database.open(self.database_url, migrate=False)
        with database.engine.connect() as connection:
            found = connection.execute(select(CALLBACK.c.url).where(CALLBACK.c.run_id == run_id)).first()
        database.close()
        return found is not None

    def wait_until(self, is_so: Callable[[], bool], seconds: float = SECONDS_MAX) -> None:
        deadline = time.monotonic() + seconds
        while not is_so():
            assert time.monotonic() < deadline, self.log()
            time.sleep(0.2)

    def entries(self, run_id: str, kind: str) -> int:
        """Return how many entries of a kind the journal has of a run."""
        lines = self.command("journal", "export", "--run", run_id, "--target", "google").stdout.splitlines()
        return sum(json.loads(line)["kind"] == kind for line in lines)
