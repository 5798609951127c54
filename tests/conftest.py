"""What holds for every test: Hypothesis repeats its examples and never judges by the clock."""

import gc
import os
import sys

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile(
    "repeatable", derandomize=True, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
#: For looking for what the repeatable examples miss: pytest --hypothesis-profile=search
settings.register_profile("search", settings.get_profile("repeatable"), derandomize=False, max_examples=2_000)
settings.load_profile("repeatable")

# the program is started a hundred times: where a machine says that nothing is to be written, each would compile it anew
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The longest first: what they leave over is shared evenly, and nobody waits for one of them in the end."""
    items.sort(key=lambda item: item.path.name != "test_bench.py")


def pytest_collection_finish() -> None:
    """Ten thousand tests and the rules stay to the end: the garbage collector need not go through them each time."""
    gc.freeze()
