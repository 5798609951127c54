"""Every text of the pages stands in every language."""

import re
from importlib.resources import files
from pathlib import Path

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from nkwatch.web import asking, check, feeds, forms, problems
from nkwatch.web.desk import problems as desk_problems
from nkwatch.web.posted import DISPOSABLE, INVALID
from nkwatch.web.problems import Problem
from nkwatch.web.settings import WRONG_DAY

TEMPLATES = files("nkwatch") / "templates"
LOCALES = files("nkwatch.catalogue") / "locales"


def messages():
    folders = (TEMPLATES / "web", TEMPLATES / "web" / "desk")
    pages = [p for folder in folders for p in folder.iterdir() if p.name.endswith((".html", ".svg"))]
    shared = [TEMPLATES / "mail" / name for name in ("words.txt", "links.html", "watch.html", "removed.txt")]
    enrolling = [TEMPLATES / "mail" / "enrol" / name for name in ("subject.txt", "body.txt")]
    for page in [*pages, *shared, *enrolling]:
        yield from extracted(page, "jinja2.ext:babel_extract")
    yield from extracted(Path(asking.__file__), "python")
    for problem in [*vars(problems).values(), *vars(desk_problems).values()]:
        if isinstance(problem, Problem):
            yield from (problem.title, problem.advice)
    yield from (*forms.SENTENCES.values(), *feeds.WORDS, feeds.ALERTS, feeds.SEARCH)
    yield from (INVALID, DISPOSABLE, WRONG_DAY, check.NO_FILE, check.NO_NUMBER)


def extracted(file, method):
    """The messages in a file that are marked as such."""
    with file.open("rb") as lines:
        yield from (found[1] for found in extract(method, lines, options={"trim_blocks": "true"}))


@pytest.mark.parametrize("language", ["ko", "ja", "fr"])
def test_every_text_of_the_pages_is_translated_with_the_same_places(language):
    with (LOCALES / f"{language}.po").open("rb") as lines:
        known = {m.id: m.string for m in read_po(lines) if m.id and not m.fuzzy}
    places = re.compile(r"%\(\w+\)s")
    for message in messages():
        assert known.get(message), message
        assert set(places.findall(known[message])) == set(places.findall(message)), message
