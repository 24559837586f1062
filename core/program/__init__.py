"""Programs: the source of a workflow, checked against the portable subset, as small neutral nodes."""

from isthmus.core.program.check import check_workflows
from isthmus.core.program.explain import awaited, explain, statements, waited_for
from isthmus.core.program.nodes import Program
from isthmus.core.program.problem import Problem, describe

__all__ = ["Problem", "Program", "awaited", "check_workflows", "describe", "explain", "statements", "waited_for"]
