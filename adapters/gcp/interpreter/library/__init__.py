"""The documented functions of the standard library that do not block. Pages: stdlib/*, one a function."""

from isthmus.adapters.gcp.interpreter.library import collections, conversions, encodings, system, text
from isthmus.adapters.gcp.interpreter.library.registry import FUNCTIONS, Function, Surroundings

__all__ = ["FUNCTIONS", "Function", "Surroundings", "collections", "conversions", "encodings", "system", "text"]
