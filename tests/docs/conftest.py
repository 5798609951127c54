"""One installation in use for all pages, and a copy of it for each."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from nkwatch.cli.newsroom import CLOCK
from tests.docs.declared import EMPTY
from tests.docs.sample import Sample, filled
from tests.docs.shell import Shell
from tests.story.conftest import _the_log_as_before

__all__ = ["_the_log_as_before"]


@pytest.fixture(scope="session")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sample]:
    with filled(tmp_path_factory.mktemp("filled")) as found:
        yield found


@pytest.fixture
def shell(sample: Sample, page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shell]:
    monkeypatch.chdir(tmp_path)
    if page not in EMPTY:
        sample.copy(tmp_path)
    before = CLOCK.set(sample.clock)
    yield Shell(sample, page)
    CLOCK.reset(before)
