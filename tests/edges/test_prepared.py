"""What is made once for all readers of a composition, and the short ways to a reader's own lines."""

import html

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.bulletin import Block, BulletinKind, Composition, Slot
from nkwatch.mail.encoding import OWN_BEGINS, OWN_ENDS, fill, freeze, marker
from nkwatch.mail.filling import filled
from nkwatch.mail.prepared import Body, Kept, Sender, shared
from nkwatch.mail.views import plain
from nkwatch.mail.widths import wrap

#: Plain text, and what the wire form has to change: long lines, full stops, other letters, line ends.
WORDS = st.text('abc From.=<>&" \t\r\n\u2028\u200b북한é。', max_size=120) | st.text(max_size=60)
LENGTHS = st.integers(70, 80).map(lambda n: "x" * n) | st.sampled_from([".", "..", "From a", "From", "a ", " a", "x=y"])


def composition(subject="Seven held", *pieces, kind=BulletinKind.DIGEST, neutral=False):
    return Composition(kind, "en", subject, pieces or (Block(b"Seven.\r\n"),), (), neutral)


# ---- lines of the reader


@given(st.sampled_from(["phrase", "everything", "reasons_a"]), WORDS | LENGTHS)
def test_a_short_way_leads_to_the_same_octets(name, value):
    made, line = filled([(name, value)], {}), plain(value)

    assert made["plain"] == ({name: fill(f"{wrap(line)}\n")} if line else {})
    assert made["html"] == ({name: fill(html.escape(line))} if line else {})


@given(WORDS.map(plain) | LENGTHS)
def test_a_link_is_the_same_in_both_bodies_but_for_what_html_escapes(url):
    made = filled([], {"leave_url": url})

    assert made == {"plain": {"leave_url": fill(url)}, "html": {"leave_url": fill(html.escape(url))}}


def test_no_line_takes_the_place_of_a_link():
    assert filled([("leave_url", "https://lure.example/")], {}) == {"plain": {}, "html": {}}


# ---- runs of blocks


@given(st.lists(WORDS | LENGTHS, max_size=6), st.lists(WORDS | LENGTHS, max_size=6))
def test_whatever_is_written_or_filled_in_no_line_begins_with_a_full_stop(texts, values):
    clean = [t.encode("utf-8", "replace").decode() for t in texts]
    names = [f"reasons_{i}" for i in range(len(values))]
    rendered = "".join(f"{t}{marker(n)}" for t, n in zip([*clean, *[""] * len(names)], names, strict=False))
    body = Body.of(freeze(rendered + "".join(clean[len(names) :])))
    made = filled(zip(names, values, strict=True), {"leave_url": ".x"})
    for lines in made.values():
        wire = b"".join(body.filled(lines))

        assert body.stuffed
        assert not any(line.startswith(b".") for line in wire.split(b"\r\n"))
        assert wire.endswith(b"\r\n") or not wire
        assert wire.isascii()
        assert b"\r" not in wire.replace(b"\r\n", b"")
        assert b"\n" not in wire.replace(b"\r\n", b"")


def test_runs_are_what_stands_between_the_readers_own_lines():
    own = Slot(OWN_BEGINS), Block(b"c\r\n"), Slot(OWN_ENDS)
    body = Body.of((Block(b"a\r\n"), Block(b"b\r\n"), Slot("phrase"), *own, Slot("leave_url")))

    assert (body.runs, body.names) == ((b"a\r\nb\r\n", b"c\r\n", b""), ("phrase", "leave_url"))
    assert b"".join(body.filled({"leave_url": b"d\r\n"})) == b"a\r\nb\r\nc\r\nd\r\n"


def test_a_block_that_begins_a_line_with_a_full_stop_leaves_that_to_the_relay():
    for block in (b".\r\n", b"a\r\n.b\r\n"):
        assert not Body.of((Block(block),)).stuffed


@pytest.mark.parametrize(
    ("block", "said"),
    [
        (b"a", "wire form"),
        (b"a\nb\r\n", "wire form"),
        (b"a\rb\r\n", "wire form"),
        (b"a\r\n\n", "wire form"),
        (b"\xed\x95\x9c\r\n", "wire form"),
        (b"a" * 999 + b"\r\n", "longer than 998 octets"),
    ],
)
def test_a_block_that_no_relay_may_be_given_ends_that_mail_alone(block, said):
    with pytest.raises(ValueError, match=said):
        Body.of((Block(block),))


# ---- what is kept


def test_what_was_made_is_kept_by_the_composition_itself():
    made = []
    kept = Kept(lambda one: made.append(one) or one.subject, weight=len, room=6)
    first, same, other = composition("one"), composition("one"), composition("two")

    assert [kept(c) for c in (first, first, other, first)] == ["one", "one", "two", "one"]
    assert made == [first, other]
    kept(same)
    assert made[-1] is same, "an equal one is another"
    kept(first)
    assert len(made) == 3, "what was asked for last stays"
    kept(other)
    assert len(made) == 4
    assert len(kept._kept) == 2


# ---- how providers count


@pytest.mark.parametrize(
    ("kind", "neutral", "feedback"),
    [
        (BulletinKind.DIGEST, False, "digests:watchexample"),
        (BulletinKind.LULL, False, "digests:watchexample"),
        (BulletinKind.ALERT_CORRECTION, False, "alerts:watchexample"),
        (BulletinKind.ALERT, True, "notes:watchexample"),
        (BulletinKind.DIGEST, True, "list:watchexample"),
        (BulletinKind.CONFIRMATION, True, "letters:watchexample"),
        (BulletinKind.SETTINGS, False, "letters:watchexample"),
    ],
)
def test_providers_count_by_kind_and_sender(kind, neutral, feedback):
    made = shared(composition(kind=kind, neutral=neutral), Sender("nkwatch", "news@watch.example"), "watch.example")

    assert made.feedback == feedback
    assert bool(made.list_id) == (not kind.personal)


@pytest.mark.parametrize(
    ("address", "name"),
    [("a@b.kr", "bkr00"), ("a@a-very-long-name.example", "averylongnameex"), ("a@테스트.kr", "xn9t4b11yi5akr")],
)
def test_the_name_of_a_sender_has_5_to_15_letters(address, name):
    assert shared(composition(), Sender("", address), "h").feedback == f"digests:{name}"
