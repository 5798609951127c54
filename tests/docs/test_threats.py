"""The threat model claims nothing by a test that is not there."""

import re
from pathlib import Path

from tests.docs.pages import ROOT

NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`")


def missing(page: str) -> list[str]:
    """What a page names of the tests that is not there."""
    gone = []
    for file, function in NAMED.findall(page):
        there = (ROOT / file).is_file()
        if not there or (
            function
            and not re.search(rf"^(?:async )?def {function}\(", Path(ROOT, file).read_text("utf-8"), re.MULTILINE)
        ):
            gone.append(f"{file}::{function}" if function else file)
    return gone


def test_every_test_that_the_page_names_is_there():
    page = (ROOT / "docs/threats.md").read_text("utf-8")
    assert len(NAMED.findall(page)) > 80
    assert missing(page) == []


def test_a_test_that_is_gone_is_told():
    assert missing("`tests/docs/test_threats.py::test_a_test_that_is_gone_is_told`") == []
    assert missing("`tests/docs/test_threats.py::test_gone`, `tests/none.py`") == [
        "tests/docs/test_threats.py::test_gone",
        "tests/none.py",
    ]
