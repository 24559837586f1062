"""How long the proofs look: fixed seeds and few examples, unless HYPOTHESIS_PROFILE=long."""

from __future__ import annotations

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

sys.path.insert(0, str(Path(__file__).parent))  # the shop and the reference model are no test modules

QUIET = (HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much)

settings.register_profile("short", deadline=None, derandomize=True, max_examples=40, suppress_health_check=QUIET)
settings.register_profile("long", deadline=None, max_examples=2_000, print_blob=True, suppress_health_check=QUIET)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "short"))
