"""Every text of the pages stands in every language."""

import re
from importlib.resources import files

import pytest
from babel.messages.extract import extract
from babel.messages.pofile import read_po

from nkwatch.web import check, forms, problems
from nkwatch.web.feeds import MARKS
from nkwatch.web.posted import DISPOSABLE, INVALID
from nkwatch.web.problems import Problem
from nkwatch.web.settings import WRONG_DAY

TEMPLATES = files("nkwatch") / "templates"
LOCALES = files("nkwatch.catalogue") / "locales"


def messages():
    pages = [p for p in (TEMPLATES / "web").iterdir() if p.name.endswith((".html", ".svg"))]
    shared = [TEMPLATES / "mail" / name for name in ("words.txt", "links.html", "watch.html")]
    for page in [*pages, *shared]:
        with page.open("rb") as lines:
            yield from (
                found[1] for found in extract("jinja2.ext:babel_extract", lines, options={"trim_blocks": "true"})
            )
    for problem in vars(problems).values():
        if isinstance(problem, Problem):
            yield from (problem.title, problem.advice)
    yield from (*forms.SENTENCES.values(), *MARKS, INVALID, DISPOSABLE, WRONG_DAY, check.NO_FILE, check.NO_NUMBER)


@pytest.mark.parametrize("language", ["ko", "ja", "fr"])
def test_every_text_of_the_pages_is_translated_with_the_same_places(language):
    with (LOCALES / f"{language}.po").open("rb") as lines:
        known = {m.id: m.string for m in read_po(lines) if m.id and not m.fuzzy}
    places = re.compile(r"%\(\w+\)s")
    for message in messages():
        assert known.get(message), message
        assert set(places.findall(known[message])) == set(places.findall(message)), message
