"""Which entry is which statement (promise 1): the same text is known again, different texts are told apart."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.errand import Errand, Purpose
from nkwatch.domain.identity import (
    ARTICLE_WAIT,
    Known,
    Sifted,
    identify,
    identity_keys,
    normalised_address,
    sift,
    symbol,
)
from nkwatch.domain.statement import MOST_REVISIONS, Entry, Origin, Statement
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
        lambda e: replace(e, published=e.published and e.published + timedelta(days=3)),
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
        twice = random.choice(dressing)  # type: ignore[attr-defined]
        again = [twice(change(e)) for e in shown]  # type: ignore[operator]
        random.shuffle(again)  # type: ignore[attr-defined]
        assert not roll.show(*again).new
    assert roll.ids == before


@given(documents(), st.data())
def test_the_same_poll_twice_changes_nothing_whatever_it_showed(shown: list[Entry], data: st.DataObject) -> None:
    dressed = [data.draw(changes)(e) for e in shown + data.draw(st.lists(st.sampled_from(shown), max_size=4))]
    roll = Roll()
    roll.show(*dressed)
    before = dict(roll.by_key)
    again = roll.show(*dressed)
    assert (again.new, again.edited) == ((), ())
    assert roll.by_key == before


@given(documents(), documents(), st.data())
def test_what_a_source_ever_showed_keeps_its_id(shown: list[Entry], more: list[Entry], data: st.DataObject) -> None:
    roll = Roll()
    ids = {k.statement.title: k.statement.id for k in roll.show(*shown).new}
    others = [replace(e, url=f"{e.url}-more", guid=f"{e.guid}-more", title=f"{e.title} more") for e in more]
    roll.show(*data.draw(st.permutations([*others, *shown])))
    assert ids.items() <= {s.title: s.id for s in roll.by_key.values()}.items()


@given(documents(), st.data())
def test_each_statement_is_found_again_when_it_is_shown_alone(shown: list[Entry], data: st.DataObject) -> None:
    same_guid = data.draw(st.booleans())
    same_title = data.draw(st.booleans())
    like = [
        replace(e, guid="g" if same_guid else e.guid, title="Statement" if same_title else e.title, published=NOW)
        for e in shown
    ]
    roll = Roll()
    roll.show(*like)
    before = roll.ids
    alone = roll.show(data.draw(st.sampled_from(like)))
    assert (alone.new, alone.edited) == ((), ())
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


def test_an_entry_that_stands_twice_in_other_dress_is_one_and_stays_one() -> None:
    plain = entry(guid="g1", url="http://a.example/1")
    dressed = entry(
        guid=" g1 ", url="https://www.a.example/1/?utm_source=feed", title="A family is  missing in hoeryong"
    )
    roll = Roll()
    assert len(roll.show(plain, dressed).new) == 1
    assert not roll.show(plain).new


def test_two_statements_of_one_day_with_one_title_stay_two_in_one_poll_and_in_different_polls() -> None:
    one, other = (Entry("Press release", text=t, published=NOW) for t in ("One is missing.", "Another is missing."))
    together = Roll()
    assert len(together.show(one, other).new) == 2
    for shown in ([one], [other], [other, one]):
        assert not together.show(*shown).new
    apart = Roll()
    assert len(apart.show(one).new) == len(apart.show(other).new) == 1
    assert not apart.show(one, other).new


def test_a_guid_and_an_address_that_every_entry_bears_lose_no_statement_in_different_polls() -> None:
    roll = Roll()
    for n, later in enumerate((timedelta(0), timedelta(days=2), timedelta(days=4))):
        fresh = Entry(f"Case {n}", f"https://a.example/{n}", f"{n} people.", "https://a.example/", NOW + later)
        assert len(roll.show(fresh, later=later).new) == 1
        again = roll.show(fresh, later=later)
        assert (again.new, again.edited) == ((), ())
    assert len(roll.ids) == 3


def test_a_page_that_shows_one_statement_after_the_other_under_one_address_loses_none() -> None:
    roll = Roll()
    roll.show(entry("First", url="https://a.example/news", text="Three people."))
    second = entry("Second", url="https://a.example/news", text="Four.", published=NOW + timedelta(days=3))
    assert len(roll.show(second, later=timedelta(days=3)).new) == 1
    assert not roll.show(second, later=timedelta(days=4)).new


def test_an_edit_of_title_text_and_address_on_one_day_is_no_new_statement() -> None:
    roll = Roll()
    roll.show(entry(guid="g1"))
    edited = Entry("Four people are missing", "https://a.example/2", "Four.", "g1", NOW + timedelta(hours=3))
    assert len(roll.show(edited).edited) == 1
    undated = Entry("Five people are missing", "https://a.example/3", "Five.", "g1")
    assert len(roll.show(undated).edited) == 1
    assert len(roll.ids) == 1


def test_guid_and_address_together_tell_a_statement_whatever_else_is_changed() -> None:
    roll = Roll()
    roll.show(entry(guid="g1"))
    rewritten = entry("Found", guid="g1", text="All is well.", published=NOW + timedelta(days=20))
    assert len(roll.show(rewritten).edited) == 1
    assert len(roll.ids) == 1


@pytest.mark.parametrize("lost", [{"guid": ""}, {"guid": "new"}, {"url": "https://a.example/moved"}, {"url": ""}])
def test_one_key_and_the_title_or_the_text_tell_a_statement_of_another_date(lost: dict[str, str]) -> None:
    for changed in ({"title": "Found"}, {"text": "All is well."}):
        roll = Roll()
        roll.show(entry(guid="g1"))
        again = replace(entry(guid="g1", published=NOW + timedelta(days=20)), **lost, **changed)
        assert not roll.show(again).new


def test_two_entries_that_claim_one_statement_are_two_and_do_not_edit_it_by_turns() -> None:
    roll = Roll()
    roll.show(entry(guid="g1"))
    kept = entry(guid="g1", url="https://a.example/moved")
    rival = Entry("Another matter", "https://a.example/1", "Prisons.", "g2", NOW)
    assert [k.statement.title for k in roll.show(kept, rival).new] == ["Another matter"]
    for shown in ((kept, rival), (rival, kept)):
        again = roll.show(*shown)
        assert (again.new, again.edited) == ((), ())


def test_a_copy_under_another_guid_is_the_same_statement() -> None:
    roll = Roll()
    assert len(roll.show(entry(guid="g1"), entry(guid="g2")).new) == 1
    for shown in (["g1"], ["g2"], ["g3", "g1"]):
        again = roll.show(*(entry(guid=g) for g in shown))
        assert (again.new, again.edited) == ((), ())


def test_a_longer_copy_under_another_guid_does_not_edit_its_statement_by_turns() -> None:
    roll = Roll()
    roll.show(entry(guid="g1", url=""))
    roll.show(entry(guid="g2", url="", text="Three people have not been seen. They fled."))
    edits = [len(roll.show(*(entry(guid=g, url="", text=t) for g, t in (("g1", "Four."), ("g2", "Five.")))).edited)]
    edits += [len(roll.show(*(entry(guid=g, url="", text=t) for g, t in (("g1", "Four."), ("g2", "Five.")))).edited)]
    assert edits == [1, 0]


def test_an_entry_that_only_shares_keys_with_others_is_known_the_next_time() -> None:
    roll = Roll()
    roll.show(entry("First", guid="g1", url="", text="Three people."), entry("Second", guid="", text="Four."))
    puzzle = Entry("Third", "", "Prisons.", "g1", NOW + timedelta(days=9))
    assert len(roll.show(puzzle).new) == 1
    bare = Entry("", "", "Prisons in the north.", "g1", NOW + timedelta(days=19))
    assert len(roll.show(bare).new) == 1
    for shown in (puzzle, bare):
        again = roll.show(shown)
        assert (again.new, again.edited) == ((), ())


def test_the_same_title_and_day_without_any_text_is_the_same_statement() -> None:
    roll = Roll()
    roll.show(entry(url="https://a.example/1", text=""))
    assert not roll.show(entry(url="https://a.example/moved")).new


@pytest.mark.parametrize("blank", [" ", "\n", "//", "?"])
def test_a_blank_guid_or_address_is_no_key(blank: str) -> None:
    roll = Roll()
    roll.show(entry("First", guid=blank, url=blank, text="One."))
    assert len(roll.show(entry("Second", guid=blank if blank.isspace() else "", url=blank, text="Two.")).new) == 1


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


# Documents of the United Nations


@pytest.mark.parametrize(
    ("address", "named"),
    [
        ("https://docs.un.org/en/A/HRC/25/63", "A/HRC/25/63"),
        ("https://docs.un.org/A/HRC/25/63?direct=true", "A/HRC/25/63"),
        ("http://www.undocs.org/a/hrc/25/63/", "A/HRC/25/63"),
        ("https://undocs.org/en/S/RES/2397(2017)", "S/RES/2397(2017)"),
        ("https://undocs.org/CEDAW/C/PRK/CO/2-4", "CEDAW/C/PRK/CO/2-4"),
        ("https://docs.un.org/en/ST/LIB/SER.B/E.44", "ST/LIB/SER.B/E.44"),
        ("https://docs.un.org/fr/A/HRC/25/63", "A/HRC/25/63 fr"),
        ("https://press.un.org/en/2024/sc15384.doc.htm", "SC15384"),
        ("https://press.un.org/en/content/sc15384/?utm_source=rss", "SC15384"),
        ("https://press.un.org/en/2024/sc15384.doc.htm?page=2", "SC15384"),
        ("https://undocs.org/Home/Mobile?FinalSymbol=A%2FHRC%2F25%2F63", ""),
        ("https://press.un.org/en/about", ""),
        ("https://a.example/?to=https://docs.un.org/en/A/HRC/25/63", ""),
        ("https://notundocs.org/A/HRC/25/63", ""),
        ("https://[bad", ""),
        ("", ""),
    ],
)
def test_the_address_of_a_document_tells_its_symbol(address: str, named: str) -> None:
    assert symbol(address) == named


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("https://docs.un.org/en/A/HRC/25/63", "https://undocs.org/A/HRC/25/63"),
        ("https://press.un.org/en/2024/sc15384.doc.htm", "https://press.un.org/en/content/sc15384"),
    ],
)
def test_a_document_under_two_addresses_is_one_statement(one: str, other: str) -> None:
    roll = Roll()
    roll.show(entry(guid="g1", url=one))
    assert not roll.show(entry("Renamed", guid="g2", url=other, published=NOW + timedelta(days=1))).new


def test_the_translation_of_a_document_is_another_statement() -> None:
    roll = Roll()
    roll.show(entry("Report", url="https://docs.un.org/en/A/HRC/25/63", text="Crimes."))
    french = entry("Rapport", url="https://docs.un.org/fr/A/HRC/25/63", text="Des crimes.")
    assert len(roll.show(french).new) == 1


# What becomes of a statement that is shown again


def test_a_statement_shown_unchanged_stays_the_same() -> None:
    roll = Roll()
    roll.show(entry(guid="g1"))
    again = roll.show(entry(guid="g1", text="Three people  have not\nbeen seen. "))
    assert again == Sifted(known=1, since=NOW)


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


def test_a_text_that_never_stays_the_same_is_not_followed_for_ever() -> None:
    roll = Roll()
    for n in range(MOST_REVISIONS + 20):
        roll.show(entry(guid="g1", text=f"{n} visitors."))
    assert {s.revision for s in roll.by_key.values()} == {MOST_REVISIONS}


def test_what_was_shown_is_counted() -> None:
    roll = Roll()
    roll.show(entry(guid="g1"))
    sifted = roll.show(entry(guid="g1"), entry("Another", url="https://a.example/2", text="Other."))
    assert (sifted.known, len(sifted.new)) == (1, 1)


# The pages of new and edited statements


def test_statements_that_are_wanted_wait_for_their_pages() -> None:
    wanted, unwanted = statement("s1"), statement("s2")
    edited = statement("s3", revision=2)
    earlier = Errand("s9", Purpose.PRESENCE, "https://a.example/s9", "a", NOW)
    sifted = Sifted(
        (Known(wanted, frozenset({"k1"})), Known(unwanted, frozenset({"k2"}))), (edited,), errands=(earlier,), known=1
    )
    awaiting = sifted.awaiting(lambda s: s.id != "s2", NOW)
    waiting = {"read_from": NOW + ARTICLE_WAIT}
    assert awaiting == Sifted(
        (Known(replace(wanted, **waiting), frozenset({"k1"})), Known(unwanted, frozenset({"k2"}))),
        (replace(edited, **waiting),),
        errands=(
            earlier,
            Errand("s1", Purpose.ARTICLE, "https://a.example/s1", "a", NOW),
            Errand("s3", Purpose.ARTICLE, "https://a.example/s3", "a", NOW),
        ),
        known=1,
    )


def test_a_statement_under_embargo_waits_for_that_also_with_its_page() -> None:
    embargo = NOW + timedelta(days=2)
    (known,) = Roll().show(entry(embargo=embargo)).new
    (waiting,) = Sifted((known,)).awaiting(lambda _: True, NOW).new
    assert (waiting.statement.read_from, waiting.statement.embargo) == (embargo, embargo)


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
