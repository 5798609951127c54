"""What holds for every test: Hypothesis repeats its examples and never judges by the clock."""

import gc
import os
import shutil
import sys
from collections import Counter
from collections.abc import AsyncIterator
from typing import Any

import pytest
import pytest_asyncio
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
# while tests are collected hardly anything becomes garbage
gc.disable()
# of threads that multiply small matrices most wait, and take the processors for it
os.environ.update(OPENBLAS_NUM_THREADS="1", OMP_NUM_THREADS="1")


def pytest_collection_modifyitems(items: list[pytest.Function]) -> None:
    """Mark what needs more than Python, by what it asks for; and begin with what takes longest.

    What the longest leave over is shared evenly, and nobody waits for one of them in the end.
    """
    for item in items:
        asked, ways = set(item.fixturenames), getattr(item, "callspec", None)
        if "chromium" in asked:
            item.add_marker("browser")
        if "postgres" in asked or (ways and "postgresql" in ways.params.values()):
            item.add_marker("postgresql")
    items.sort(key=lambda item: item.get_closest_marker("campaign") is None)


def pytest_xdist_auto_num_workers() -> int:
    """One more than processors: while one waits (a browser, a server, a clock), another works."""
    return (os.cpu_count() or 1) + 1


#: A browser that is not root's, and that asks for nothing but our pages.
ARGUMENTS = [
    "--no-sandbox",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-default-apps",
    "--disable-sync",
    "--no-first-run",
]
NO_BROWSER = "Chromium is not installed (Debian: apt-get install chromium fonts-noto-cjk)"


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def chromium() -> AsyncIterator[Any]:
    """One browser for all tests of a process: to start it takes longer than most of them."""
    found = shutil.which("chromium")
    if found is None:
        (pytest.fail if os.environ.get("NKWATCH_REQUIRE_ALL") == "1" else pytest.skip)(NO_BROWSER)
    playwright = pytest.importorskip("playwright.async_api")
    async with playwright.async_playwright() as started:
        opened = await started.chromium.launch(executable_path=found, args=ARGUMENTS)
        yield opened
        await opened.close()


@pytest_asyncio.fixture(loop_scope="session")
async def browser(chromium: Any) -> AsyncIterator[Any]:
    """A browser that remembers nothing. It lives in the loop of the session, and so must a test that asks for it."""
    yield chromium
    for context in chromium.contexts:
        await context.close()


def pytest_collection_finish() -> None:
    """Ten thousand tests and the rules stay to the end: the garbage collector need not go through them each time."""
    gc.freeze()
    gc.enable()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say why tests were skipped, each reason once: a machine without PostgreSQL has hundreds of one."""
    skipped = (report.longrepr for report in terminalreporter.stats.get("skipped", ()))
    reasons = Counter(why[-1].removeprefix("Skipped: ") for why in skipped if isinstance(why, tuple))
    for reason, count in reasons.most_common():
        terminalreporter.write_line(f"{count} skipped: {reason}")
