"""What a workflow calls that is no part of its vocabulary, and where that belongs."""

from __future__ import annotations

import builtins
import inspect
from typing import Any, Final

CLOCK: Final = ("a workflow has no clock", "let a handler ask for a Clock and answer with the time")
RANDOM: Final = (
    "a workflow has no randomness: a replay would decide otherwise",
    "let a handler draw it and answer with what it drew",
)
WORLD: Final = (
    "a workflow does not touch the world",
    "do it in a handler, and await that handler's contract",
)
NETWORK: Final = (
    "a workflow does not reach the network",
    "ask for a Gateway in a handler, and await that handler's contract",
)
ENVIRONMENT: Final = (
    "a workflow does not read the environment",
    "declare it with App.bind(…, secrets=[…]) and read it in what the port is bound to",
)
PRINT: Final = (
    "a workflow does not print or log: every step is in the journal",
    "leave it out (isthmus journal show), or log in a handler",
)
ASYNC: Final = (
    "asyncio is no part of a workflow",
    "write await gather(…), await each(…), await sleep(…) or await wait_for(…) of isthmus.core",
)
SLEEP: Final = ("time.sleep stops the process", "write await sleep(seconds(…)) of isthmus.core")

_MODULES: Final = {
    "datetime": CLOCK,
    "time": CLOCK,
    "zoneinfo": CLOCK,
    "calendar": CLOCK,
    "random": RANDOM,
    "secrets": RANDOM,
    "uuid": RANDOM,
    "numpy.random": RANDOM,
    "os": ENVIRONMENT,
    "posix": ENVIRONMENT,
    "io": WORLD,
    "_io": WORLD,
    "pathlib": WORLD,
    "shutil": WORLD,
    "sqlite3": WORLD,
    "subprocess": WORLD,
    "socket": NETWORK,
    "requests": NETWORK,
    "httpx": NETWORK,
    "httpx2": NETWORK,
    "urllib": NETWORK,
    "http": NETWORK,
    "aiohttp": NETWORK,
    "logging": PRINT,
    "asyncio": ASYNC,
    "trio": ASYNC,
    "anyio": ASYNC,
}

_BUILTINS: Final = {
    "open": WORLD,
    "input": WORLD,
    "print": PRINT,
    "exec": WORLD,
    "eval": WORLD,
    "str": ("a workflow does not convert values", 'write f"{value}" for a string or an integer'),
    "int": ("a workflow does not convert values", "convert in a handler, and answer with the integer"),
    "float": ("a workflow has no floats", "compute in a handler"),
    "sum": ("a workflow does not compute", "let a handler answer with the sum"),
    "min": ("a workflow does not compute", "compare two integers with < in an if, or ask a handler"),
    "max": ("a workflow does not compute", "compare two integers with > in an if, or ask a handler"),
    "sorted": ("a workflow does not sort", "let a handler answer with the list in order"),
    "range": ("range stands only in a for", "write: for attempt in range(3):"),
    "enumerate": ("a workflow has no enumerate", "keep a counter: index = 0 before the loop, index += 1 in it"),
    "zip": ("a workflow walks one list at a time", "let a handler answer with one list of messages"),
    "isinstance": ("a workflow does not look at classes", "give the message a field that says which it is"),
    "getattr": ("a workflow reads fields by name", "write message.field"),
    "any": ("a workflow does not compute over lists", "write a for with an if, or ask a handler"),
    "all": ("a workflow does not compute over lists", "write a for with an if, or ask a handler"),
    "id": RANDOM,
    "hash": RANDOM,
}


def hint_for(value: Any) -> tuple[str, str]:
    """Return the rule that a call of this value breaks, and what to do instead."""
    name = getattr(value, "__name__", "") or type(value).__name__
    owner = getattr(value, "__self__", None)
    module = getattr(value, "__module__", None) or ""
    if owner is not None and not inspect.ismodule(owner):
        module = (owner if isinstance(owner, type) else type(owner)).__module__
    if inspect.ismodule(value):
        module = value.__name__
    if module == "builtins" or getattr(builtins, name, None) is value:
        return _BUILTINS.get(name, (f"{name} is no part of a workflow's vocabulary", WORLD[1]))
    if (module, name) == ("time", "sleep"):
        return SLEEP
    return _hint_of_module(module) or (
        f"{name} is no contract, and a workflow calls nothing else",
        "compute in a handler: declare a contract for it, and await that",
    )


def _hint_of_module(module: str) -> tuple[str, str] | None:
    while module:
        if module in _MODULES:
            return _MODULES[module]
        module = module.rpartition(".")[0]
    return None
