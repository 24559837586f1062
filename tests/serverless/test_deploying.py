"""What is deployed, deployed again and taken away, on the real Pulumi engine with a cloud that stands in."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from isthmus.adapters.cli.extras import missing

sys.path.insert(0, str(Path(__file__).parent))
from addresses_file import addresses_on

pytestmark = [
    pytest.mark.skipif(bool(missing("serverless")), reason="isthmus[serverless] is not installed"),
    pytest.mark.skipif(bool(missing("azure")), reason="isthmus[azure] is not installed"),
]


def test_a_service_is_deployed_and_again_and_removed(
    verb: Any, service: Path, surroundings: dict[str, str], stand_in: Any
) -> None:
    azure = addresses_on("azure")
    for name in ("package", "deploy"):
        done = verb(name, azure, env=surroundings)
        print(done.stdout[-3000:], done.stderr[-3000:])
        assert done.returncode == 0
    print(len(stand_in.resources()))
    for name in ("plan", "info", "logs"):
        done = verb(name, azure, env=surroundings, function="change")
        print(done.stdout[-3000:], done.stderr[-3000:])
        assert done.returncode == 0
    done = verb("rollback", azure, env=surroundings)
    print(done.stdout)
    done = verb("rollback", azure, env=surroundings, timestamp=done.stdout.strip())
    print(done.stdout)
    done = verb("remove", azure, env=surroundings)
    print(done.stdout, done.stderr)
    assert stand_in.resources() == {}
