"""The policy pack: a policy of residency, for every resource of a deployment, ours or not.

pulumi preview --policy-pack "$(python -c 'from isthmus.provision.policy import FOLDER; print(FOLDER)')"
"""

from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).resolve().parent
"""What `--policy-pack` is given."""
