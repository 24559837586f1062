"""The shop, the reference model and how hard to look are modules that several proofs share."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
