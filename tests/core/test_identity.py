"""Which entry is which statement (promise 1): the same text is known again, different texts are told apart."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.statement import Entry, Origin, Sifted, Statement, identify, identity_keys, normalised_address, sift
from tests.making import NOW, at, entry, statement

ORIGIN = Origin("a", "Publisher a", "en", backlog=False)


class Roll:
    """Statements of one publisher by their keys, as the store keeps them."""

    def __init__(self) -> None:
        self.by_key: dict[str, Statement] = {}

    def show(self, *entries: Entry, later: timedelta = timedelta(0)) -> Sifted:
        """Poll once: the source shows these entries."""
        sifted = sift(identify(entries), self.by_key, ORIGIN, NOW + later)
        for known in sifted.new:
            for key in known.keys:
                self.by_key.setdefault(key, known.statement)
        for key, of in sifted.further_keys:
            self.by_key.setdefault(key, next(s for s in self.by_key.values() if s.id == of))
        for edited in sifted.edited:
            self.by_key = {k: edited if s.id == edited.id else s for k, s in self.by_key.items()}
        return sifted

    @property
    def ids(self) -> set[str]:
        """The ids of all statements known."""
        return {s.id for s in self.by_key.values()}


@st.composite
def documents(draw: st.DrawFn) -> list[Entry]:
    """Entries with guid, address, title and date of their own, as a feed in order has them."""
    count = draw(st.integers(1, 8))
    days = draw(st.lists(st.integers(0, 400), min_size=count, max_size=count))
    words = draw(st.lists(st.text(min_size=1, max_size=12), min_size=count, max_size=count))
    return [
        entry(
            f"{word} {n}",
            url=f"http://a.example/news/{n}",
            guid=f"tag:a.example,2026:{n}",
            text=f"{word} said so {n} times.",
            published=NOW - timedelta(days=day),
        )
        for n, (word, day) in enumerate(zip(words, days, strict=True))
    ]


changes = st.sampled_from(
    [
        lambda e: replace(e, published=e.published + timedelta(days=3)),
        lambda e: replace(e, published=None),
        lambda e: replace(e, guid=""),
        lambda e: replace(e, guid=f"new-{e.guid}"),
        lambda e: replace(e, url=e.url.replace("http:", "https:")),
        lambda e: replace(e, url=e.url.replace("a.example", "www.a.example") + "/"),
        lambda e: replace(e, url=e.url + "?utm_source=feed&fbclid=IwAR0#top"),
        lambda e: e,
    ]
)


@given(documents(), st.randoms(use_true_random=False), st.lists(changes, min_size=1, max_size=4))
def test_entries_that_are_reordered_redated_or_dressed_differently_make_no_new_statement(
    shown: list[Entry], random: object, dressing: list[object]
) -> None:
    roll = Roll()
    roll.show(*shown)
    before = roll.ids
    for change in dressing:
        again = [change(e) for e in shown]  # type: ignore[operator]
        random.shuffle(again)  # type: ignore[attr-defined]
        assert not roll.show(*again).new
    assert roll.ids == before


@given(documents())
def test_every_entry_that_is_new_becomes_one_statement(shown: list[Entry]) -> None:
    sifted = Roll().show(*shown)
    assert [k.statement.title for k in sifted.new] == [e.title for e in shown]
    assert len({k.statement.id for k in sifted.new}) == len(shown)


@given(documents(), st.data())
def test_an_entry_that_is_shown_a_second_time_makes_no_new_statement(shown: list[Entry], data: st.DataObject) -> None:
    roll = Roll()
    roll.show(*shown)
    twice = data.draw(st.sampled_from(shown))
    assert not roll.show(*shown, twice).new


def test_an_entry_that_stands_twice_in_the_first_document_is_known_when_it_stands_there_once() -> None:
    roll, one = Roll(), entry(guid="g1")
    assert len(roll.show(one, one).new) == 1
    assert not roll.show(one).new


@given(st.integers(2, 8))
def test_entries_that_share_a_guid_are_told_apart(count: int) -> None:
    roll = Roll()
    shown = [entry(f"Statement {n}", guid="always the same", url=f"https://a.example/{n}") for n in range(count)]
    assert len(roll.show(*shown).new) == count
    assert not roll.show(*reversed(shown)).new


def test_entries_that_share_guid_and_address_are_told_apart_by_title() -> None:
    one, other = (entry(t, guid="g", url="https://a.example/news") for t in ("First statement", "Second statement"))
    assert len(Roll().show(one, other).new) == 2


def test_two_statements_of_the_same_day_are_two() -> None:
    one, other = (entry("Press release", url=f"https://a.example/{n}") for n in (1, 2))
    assert len(Roll().show(one, other).new) == 2


def test_a_title_that_comes_again_on_another_day_is_another_statement() -> None:
    roll = Roll()
    roll.show(entry("Weekly briefing", url="https://a.example/1", published=NOW))
    again = entry("Weekly briefing", url="https://a.example/2", published=NOW + timedelta(days=7))
    assert len(roll.show(again, later=timedelta(days=7)).new) == 1


def test_an_entry_without_guid_address_title_or_date_is_known_by_its_text() -> None:
    roll, bare = Roll(), Entry(title="", text="Somebody is missing.")
    assert len(roll.show(bare).new) == 1
    assert not roll.show(bare).new


def test_a_date_alone_is_no_key() -> None:
    one, other = (Entry(title="", text=t, published=NOW) for t in ("One.", "Another."))
    assert len(Roll().show(one, other).new) == 2


def test_a_key_shown_later_for_a_known_statement_is_remembered() -> None:
    roll = Roll()
    roll.show(entry(guid="g1", url=""))
    assert roll.show(entry(guid="g1", url="https://a.example/1")).further_keys == (
        ("url:a.example/1", next(iter(roll.ids))),
    )
    # now the guid may change, too
    assert not roll.show(entry("New title", guid="g2", url="https://a.example/1")).new


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://a.example/view.php?123", "https://a.example/view.php?124"),
        ("https://a.example/view?id=123", "https://a.example/view?id=124"),
        ("https://a.example/view?123=", "https://a.example/view?124="),
        ("https://a.example/Aa", "https://a.example/aA"),
        ("https://a.example/1", "https://b.example/1"),
        ("https://a.example/1", "https://a.example:8443/1"),
    ],
)
def test_addresses_of_different_pages_stay_different(one: str, other: str) -> None:
    assert normalised_address(one) != normalised_address(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("http://a.example/1", "https://a.example/1"),
        ("http://a.example:80/1", "https://a.example:443/1/"),
        ("https://www.a.example/1#comments", " https://A.example/1 "),
        ("https://a.example/?p=1&q=2", "https://a.example/?q=2&p=1"),
        ("https://a.example/1?utm_source=x&at_medium=y&ns_z=1&mc_cid=2", "https://a.example/1"),
    ],
)
def test_addresses_of_the_same_page_are_equal(one: str, other: str) -> None:
    assert normalised_address(one) == normalised_address(other)


@pytest.mark.parametrize(
    "address",
    ["http://[bad/1", "http://a.example:99999/1", "http://a.example:port/1", "javascript:0", "//", "?", "\x00"],
)
def test_an_address_that_is_none_loses_no_statement(address: str) -> None:
    assert len(Roll().show(entry(url=address), entry("Another", url="https://a.example/2")).new) == 2


@given(st.text(max_size=60))
def test_any_text_may_stand_where_an_address_should(address: str) -> None:
    assert identity_keys(entry(url=address))


def test_an_entry_with_a_page_number_for_a_query_is_not_taken_for_its_neighbour() -> None:
    roll = Roll()
    roll.show(entry("First", guid="g1", url="https://a.example/view.php?123"))
    assert len(roll.show(entry("Second", guid="g2", url="https://a.example/view.php?124")).new) == 1


# What becomes of a statement that is shown again


def test_a_statement_shown_unchanged_stays_the_same() -> None:
    roll = Roll()
    roll.show(entry(guid="g1"))
    again = roll.show(entry(guid="g1", text="Three people  have not\nbeen seen. "))
    assert again == Sifted()


def test_an_edit_is_the_next_revision() -> None:
    roll = Roll()
    roll.show(entry(guid="g1"))
    (edited,) = roll.show(entry("Four people are missing", guid="g1"), later=timedelta(hours=2)).edited
    assert (edited.revision, edited.title, edited.edited_at) == (
        2, "Four people are missing", NOW + timedelta(hours=2),
    )  # fmt: skip


def test_a_title_or_text_that_goes_missing_is_no_edit() -> None:
    known = statement()
    assert known.after(Entry(title="", text=""), NOW) is known


def test_two_feeds_of_one_publisher_that_show_more_and_less_of_a_text_do_not_edit_it_for_ever() -> None:
    roll = Roll()
    short, long = entry(guid="g1", text="Three people."), entry(guid="g1", text="Three people. They had fled in June.")
    edits = [len(roll.show(e).edited) for e in (short, long, short, long, short, long)]
    assert sum(edits) <= 1


# What is known of a new one


def test_a_statement_without_a_date_is_dated_when_it_was_first_seen_and_says_so() -> None:
    (known,) = Roll().show(entry(published=None)).new
    assert (known.statement.published, known.statement.published_estimated) == (NOW, True)


@pytest.mark.parametrize("impossible", ["1970-01-01T00:00", "1989-12-31T23:59", "2026-11-23T07:01", "2126-01-01T00:00"])
def test_an_impossible_date_is_replaced_and_marked(impossible: str) -> None:
    (known,) = Roll().show(entry(published=at(impossible))).new
    assert (known.statement.published, known.statement.published_estimated) == (NOW, True)


@pytest.mark.parametrize("plausible", ["1990-01-01T00:00", "2026-11-22T06:59", "2026-11-23T07:00"])
def test_a_plausible_date_is_kept(plausible: str) -> None:
    (known,) = Roll().show(entry(published=at(plausible))).new
    assert (known.statement.published, known.statement.published_estimated) == (at(plausible), False)


def test_an_entry_says_its_language_or_its_source_does() -> None:
    shown = (entry("One", language="ko", url="https://a.example/1"), entry("Two", url="https://a.example/2"))
    assert [k.statement.language for k in Roll().show(*shown).new] == ["ko", "en"]


def test_what_the_first_ingest_brings_is_marked_as_old_news() -> None:
    (known,) = sift(identify([entry()]), {}, replace(ORIGIN, backlog=True), NOW).new
    assert known.statement.backlog


def test_statements_of_different_publishers_never_have_the_same_id() -> None:
    ids = {
        sift(identify([entry(guid="1")]), {}, replace(ORIGIN, publisher=p), NOW).new[0].statement.id
        for p in ("One", "Another")
    }
    assert len(ids) == 2


def test_what_readers_see_decides_whether_a_text_changed() -> None:
    assert statement(title="A  B", text="C\n\nD").content == statement(title="A B", text="C D").content
    assert statement(title="A B", text="C D").content != statement(title="A B", text="C E").content


@pytest.mark.parametrize(
    ("shown", "given"),
    [
        ("https://a.example/1?utm_source=rss&utm_medium=feed", "https://a.example/1"),
        ("https://a.example/1?id=7&utm_source=rss&page=2#top", "https://a.example/1?id=7&page=2#top"),
        ("https://a.example/view.php?123", "https://a.example/view.php?123"),
        ("https://a.example/1?q=%EB%B6%81%ED%95%9C", "https://a.example/1?q=%EB%B6%81%ED%95%9C"),
        ("http://[bad", "http://[bad"),
        ("", ""),
    ],
)
def test_readers_get_the_address_without_tracking_and_otherwise_as_it_is(shown: str, given: str) -> None:
    (known,) = Roll().show(entry(url=shown)).new
    assert known.statement.url == given
