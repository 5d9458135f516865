"""Once per key, by Powertools, or not at all: without it, the order alone keeps a payment from being made twice."""

import os
from collections.abc import Callable

if os.environ.get("POWERTOOLS") == "off":

    def once(perform: Callable[..., dict]) -> Callable[..., dict]:
        return lambda context, **arguments: perform(**arguments)
else:
    # Loaded only where it is used.
    from peer.powertools import once

__all__ = ["once"]
