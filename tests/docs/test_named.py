"""No page claims anything by a test that is not there."""

import re

import pytest

from tests.docs.pages import ROOT

NAMED = re.compile(r"`(tests/[\w/]+\.py)(?:::(test_\w+))?`")
PAGES = sorted(
    str(page.relative_to(ROOT))
    for page in (ROOT / "README.md", *ROOT.glob("docs/*.md"), *ROOT.glob("docs/how-to/*.md"))
)


def missing(page: str) -> list[str]:
    """What a page names of the tests that is not there."""
    gone = []
    for file, function in NAMED.findall(page):
        text = (ROOT / file).read_text("utf-8") if (ROOT / file).is_file() else ""
        if not text or (function and not re.search(rf"^(?:async )?def {function}\(", text, re.MULTILINE)):
            gone.append(f"{file}::{function}" if function else file)
    return gone


@pytest.mark.parametrize("page", PAGES)
def test_every_test_that_the_page_names_is_there(page):
    assert missing((ROOT / page).read_text("utf-8")) == []


def test_threats_and_promises_name_their_tests():
    assert len(NAMED.findall((ROOT / "docs/threats.md").read_text("utf-8"))) > 80
    assert len(NAMED.findall((ROOT / "README.md").read_text("utf-8"))) > 25


def test_a_test_that_is_gone_is_told():
    there = "`tests/docs/test_named.py::test_a_test_that_is_gone_is_told`"
    assert missing(there) == []
    assert missing(f"{there}, `tests/docs/test_named.py::test_gone`, `tests/none.py`") == [
        "tests/docs/test_named.py::test_gone",
        "tests/none.py",
    ]
