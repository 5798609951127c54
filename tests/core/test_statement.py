"""What becomes of a statement: edits, the text of its page, embargoes."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.statement import (
    EARLIEST,
    LONGEST_EMBARGO,
    MOST_REVISIONS,
    Article,
    Entry,
    Origin,
    Statement,
    cut,
)
from tests.making import NOW, at, entry, statement

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
LATER = NOW + 2 * HOUR
TEASER = "Three people have not been seen."
WHOLE = f"{TEASER} They had fled in June.\n\nTheir relatives ask where they are."
OTHER_WHOLE = "HOERYONG. In June a family fled across the river. Nobody has seen the three of them since."


def read_whole(text: str = OTHER_WHOLE, **fields: object) -> Statement:
    """A statement whose page was read."""
    return statement(**fields).completed(Article("Title of the page", text), NOW)  # type: ignore[arg-type]


# Edits


def test_a_teaser_shown_again_after_the_page_was_read_is_no_edit() -> None:
    one = read_whole()
    assert (one.text, one.teaser, one.shown) == (OTHER_WHOLE, TEASER, TEASER)
    assert one.after(entry(), LATER) is one
    assert one.after(entry(text="Three  people have\nnot been […]"), LATER) is one


def test_another_teaser_is_an_edit_that_leaves_the_text_of_the_page() -> None:
    edited = read_whole().after(entry(text="Four people have not been seen."), LATER)
    assert (edited.revision, edited.edited_at) == (2, LATER)
    assert (edited.text, edited.teaser) == (OTHER_WHOLE, "Four people have not been seen.")


def test_another_title_is_an_edit_that_leaves_the_texts() -> None:
    for one in (statement(text=WHOLE), read_whole()):
        edited = one.after(entry("Found in Hoeryong", text=one.shown), LATER)
        assert edited == replace(one, title="Found in Hoeryong", revision=2, edited_at=LATER)


def test_another_text_is_an_edit() -> None:
    edited = statement().after(entry(text="Four."), LATER)
    assert edited == replace(statement(), text="Four.", revision=2, edited_at=LATER)


def test_a_longer_text_is_an_edit_and_a_shorter_one_is_none() -> None:
    longer = statement(text=TEASER).after(entry(text=WHOLE), LATER)
    assert (longer.text, longer.revision) == (WHOLE, 2)
    assert longer.after(entry(text=TEASER), LATER) is longer


@pytest.mark.parametrize("end", ["", ".", "…", " ...", " […]", " [...]", "\n"])
def test_a_beginning_is_cut_however_it_ends(end: str) -> None:
    assert cut(f"Three people have{end}", TEASER)
    assert cut(f"Three   people\nhave{end}", TEASER)
    assert not cut(f"Four people have{end}", TEASER)


def test_a_text_that_is_followed_no_longer_stays_as_it_is() -> None:
    worn = statement(revision=MOST_REVISIONS)
    assert worn.after(entry("Another", text="Another."), LATER) is worn
    assert statement(revision=MOST_REVISIONS - 1).after(entry("Another"), LATER).revision == MOST_REVISIONS


def test_a_list_of_titles_that_shows_a_teaser_one_day_does_not_take_the_text_away() -> None:
    listed = statement(text="").completed(Article("", OTHER_WHOLE), NOW)
    assert listed.text == OTHER_WHOLE
    assert listed.after(entry(text=""), LATER) is listed
    assert listed.after(entry(text=TEASER), LATER).text == OTHER_WHOLE
    assert listed.after(entry(text="HOERYONG. In June a family fled…"), LATER) is listed


shown = st.lists(st.sampled_from(["", "A", "A family", "A family is missing.", TEASER, WHOLE, "Four."]), max_size=12)


@given(shown, st.booleans())
def test_an_entry_shown_twice_edits_once_and_revisions_only_grow(texts: list[str], whole: bool) -> None:
    one = read_whole() if whole else statement()
    for text in texts:
        after = one.after(entry(text=text), LATER)
        assert after.after(entry(text=text), LATER) is after
        assert one.revision <= after.revision <= one.revision + 1
        assert not whole or after.text == OTHER_WHOLE
        one = after


# The text of the page


def test_the_page_fills_what_the_source_does_not_show() -> None:
    bare = statement(title="", text="", language="", author="", published_estimated=True)
    published = NOW - 3 * DAY
    complete = bare.completed(Article("Missing", WHOLE, published, "Jane Doe", "ko"), NOW)
    assert complete == replace(
        bare, title="Missing", text=WHOLE, teaser="Missing", author="Jane Doe", language="ko", published=published,
        published_estimated=False,
    )  # fmt: skip


def test_what_the_source_shows_goes_before_what_its_page_says() -> None:
    known = statement(author="The organisation", published=NOW - DAY)
    complete = known.completed(Article("Missing | Site", WHOLE, NOW - 9 * DAY, "admin", "fr"), NOW)
    assert complete == replace(known, text=WHOLE, teaser=TEASER)


@pytest.mark.parametrize("text", ["", "We use cookies.", TEASER])
def test_a_page_that_says_no_more_than_the_source_leaves_its_text(text: str) -> None:
    waiting = statement(text=TEASER, read_from=NOW + HOUR)
    assert waiting.completed(Article("", text), NOW) == replace(waiting, read_from=EARLIEST)


def test_a_page_read_again_brings_the_new_text() -> None:
    one = read_whole().after(entry(text="Four people."), LATER)
    again = one.completed(Article("", WHOLE), LATER)
    assert (again.text, again.teaser) == (WHOLE, "Four people.")


@pytest.mark.parametrize("impossible", [None, at("1970-01-01T00:00"), NOW + 9 * DAY])
def test_a_page_with_an_impossible_date_leaves_it_estimated(impossible: object) -> None:
    one = statement(published_estimated=True).completed(Article("", WHOLE, impossible), NOW)  # type: ignore[arg-type]
    assert (one.published, one.published_estimated) == (NOW, True)


# Embargoes

FRIDAY = NOW + 5 * DAY


def first_seen(embargo: object) -> Statement:
    """A statement whose source shows this embargo."""
    return Origin("a", "A", "en", backlog=False).statement(entry(embargo=embargo), "k", NOW)


def test_a_statement_under_embargo_is_not_read_before_its_end() -> None:
    assert (first_seen(FRIDAY).embargo, first_seen(FRIDAY).read_from) == (FRIDAY, FRIDAY)
    assert first_seen(None).read_from == EARLIEST


def test_an_embargo_of_the_past_holds_nothing_back() -> None:
    assert first_seen(NOW - DAY).read_from <= NOW


def test_an_embargo_too_far_ahead_was_misread_and_never_binds() -> None:
    far = NOW + LONGEST_EMBARGO + HOUR
    one = first_seen(far)
    assert one.read_from == EARLIEST
    # also when its date has come nearer
    assert one.completed(Article("", WHOLE), NOW + DAY).read_from == EARLIEST
    assert one.freed().read_from == EARLIEST
    assert first_seen(NOW + LONGEST_EMBARGO).read_from == NOW + LONGEST_EMBARGO


def test_an_edit_may_bring_an_embargo_and_does_not_lift_one() -> None:
    held = first_seen(None).after(entry(text="EMBARGO", embargo=FRIDAY), NOW)
    assert (held.embargo, held.read_from) == (FRIDAY, FRIDAY)
    for embargo in (None, NOW + DAY):
        again = held.after(entry(text="Another text.", embargo=embargo), NOW)
        assert (again.revision, again.embargo, again.read_from) == (3, FRIDAY, FRIDAY)


def test_the_page_releases_a_statement_but_not_from_an_embargo() -> None:
    for held in (first_seen(FRIDAY), replace(first_seen(FRIDAY), read_from=FRIDAY + HOUR)):
        assert held.completed(Article("", WHOLE), NOW).read_from == FRIDAY
        assert held.freed().read_from == FRIDAY


def test_the_embargo_of_the_page_is_respected() -> None:
    for own in (None, NOW + DAY):
        one = first_seen(own).completed(Article("", WHOLE, embargo=FRIDAY), NOW)
        assert (one.embargo, one.read_from) == (FRIDAY, FRIDAY)
    assert first_seen(FRIDAY).completed(Article("", WHOLE, embargo=NOW + DAY), NOW).read_from == FRIDAY


@given(
    st.lists(st.one_of(st.none(), st.timedeltas(-9 * DAY, 60 * DAY)), min_size=1, max_size=6),
    st.lists(st.booleans(), min_size=6, max_size=6),
)
def test_no_sequence_of_edits_and_pages_frees_a_statement_before_an_embargo_that_bound(
    spans: list[timedelta | None], by_page: list[bool]
) -> None:
    one, bound = first_seen(None), EARLIEST
    for n, (span, page) in enumerate(zip(spans, by_page, strict=False)):
        now = NOW + n * DAY
        embargo = None if span is None else now + span
        if page:
            one = one.completed(Article("", f"{WHOLE * 2} {n}", embargo=embargo), now)
        else:
            one = one.after(Entry(f"Title {n}", text=f"Text {n}.", embargo=embargo), now)
        bound = max(bound, embargo) if embargo and embargo <= now + LONGEST_EMBARGO else bound
        assert one.read_from == one.freed().read_from == bound
