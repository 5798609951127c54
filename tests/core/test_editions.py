"""Editions of the archive: which version a reader sees, and what is told of it after it was written."""

from datetime import timedelta

import pytest

from nkwatch.domain.desk import Note
from nkwatch.domain.edition import Version, amended_since, in_language
from tests.making import NOW

HOUR = timedelta(hours=1)
ENGLISH, KOREAN, FRENCH = (Version(code, code, code) for code in ("en", "ko", "fr"))


def said(hours: int) -> Note:
    """An editor's words, so many hours after now."""
    return Note((("en", "It was in Hoeryong."),), "Ann", NOW + hours * HOUR)


@pytest.mark.parametrize(
    ("asked", "found"),
    [(("ko", "en"), KOREAN), (("ja", "en"), ENGLISH), (("ja", "de"), FRENCH), ((), FRENCH)],
)
def test_a_reader_sees_the_version_in_a_language_that_is_asked_for_or_else_the_first(
    asked: tuple[str, ...], found: Version
) -> None:
    assert in_language((FRENCH, KOREAN, ENGLISH), *asked) == found


def test_a_bulletin_without_versions_has_none_to_show() -> None:
    assert in_language((), "en") is None


@pytest.mark.parametrize(
    ("correction", "withdrawn", "told"),
    [
        (None, False, False),
        (None, True, True),
        (said(1), False, True),
        (said(1), True, True),
        # what was said before it was written stands in it
        (said(0), False, False),
        (said(-1), True, False),
    ],
)
def test_only_what_editors_said_after_a_bulletin_is_told_beside_it(
    correction: Note | None, withdrawn: bool, told: bool
) -> None:
    assert amended_since(correction, NOW, withdrawn=withdrawn) is told
