"""When nothing is looked through for garbage: while things are made that stay."""

import gc
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def nothing_collected() -> Iterator[None]:
    """Modules, and what they make, stay as long as the process: to look through them takes a fifth of a start.

    Where modules were loaded in it, all that is there then is never looked through (`gc.freeze`).
    """
    was_on, modules = gc.isenabled(), len(sys.modules)
    gc.disable()
    try:
        yield
    finally:
        if len(sys.modules) > modules:
            gc.freeze()
        if was_on:
            gc.enable()
