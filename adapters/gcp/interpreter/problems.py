"""What is wrong with a workflow or with the way it is started, before Google's own errors come into it.

    SourceError
    ├── WorkflowInvalid   the YAML is not a workflow that deploys
    └── Undocumented      what happens next is written nowhere: a workflow must not depend on it
    InputError
    └── ArgumentInvalid   the argument of the execution

An error that a workflow can catch is no Python class: it is a `Fault`, and carries a value.
"""

from __future__ import annotations

from isthmus.core.errors import InputError, SourceError


class WorkflowInvalid(SourceError):
    """Report a workflow in YAML that would not deploy, or uses what Google's pages do not describe."""

    code = "ISTH160"


class Undocumented(SourceError):
    """Report an execution that depends on what no page of Google's settles."""

    code = "ISTH161"


class ArgumentInvalid(InputError):
    """Report an argument with which a workflow in YAML cannot be started."""

    code = "ISTH293"
