"""Counts the lines of our own code that some work executes: cost without a clock."""

import sys
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

import nkwatch

#: The folder that the project stands in may have our name, too, and all libraries below it.
OURS = str(Path(nkwatch.__file__).parent)


def lines_run(work: Callable[[], object]) -> int:
    """How many lines within nkwatch `work` executes, repetitions included."""
    count = 0

    def trace(frame: FrameType, event: str, _arg: Any) -> Any:
        nonlocal count
        if not frame.f_code.co_filename.startswith(OURS):
            return None
        count += event in {"line", "call"}
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        work()
    finally:
        sys.settrace(before)
    return count
