"""Runs one measurement in a process of its own and prints what came out as a line of JSON."""

import asyncio
from collections.abc import Callable, Coroutine
import json
import sys
from typing import Any

from .crowd import crowd, grow
from .growth import growth
from .openings import openings
from .peer import peer, peer_wakes
from .push import push
from .stores import stores
from .wakes import wakes

MEASUREMENTS: dict[str, Callable[..., Coroutine[Any, Any, Any]]] = {
    "crowd": crowd,
    "grow": grow,
    "growth": growth,
    "openings": openings,
    "peer": peer,
    "peer_wakes": peer_wakes,
    "push": push,
    "stores": stores,
    "wakes": wakes,
}


def main() -> None:
    """Run the measurement that the command line names, with its arguments as JSON."""
    name, arguments = sys.argv[1:]
    print(json.dumps(asyncio.run(MEASUREMENTS[name](**json.loads(arguments)))))


if __name__ == "__main__":
    main()
