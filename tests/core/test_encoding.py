"""Rendered text becomes blocks and slots that can be joined without looking into them."""

import quopri
import re

from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.bulletin import Block, Slot
from nkwatch.mail.encoding import CLOSING, OPENING, fill, freeze, marker

LETTERS = st.characters(exclude_categories=["Cs"], exclude_characters=OPENING + CLOSING)
WORDS = st.lists(st.sampled_from(["From ", ".", " ", "\t", "=", "북송", "é", "x" * 40, "\n", "\r\n", "\r", "\x0b"]))
TEXTS = st.one_of(st.text(LETTERS), WORDS.map("".join))
VALUES = st.dictionaries(st.sampled_from(["leave_url", "confirm_url", "phrase", "reasons_b2-C34"]), TEXTS, min_size=4)
RENDERED = st.lists(st.one_of(TEXTS, st.sampled_from(["leave_url", "reasons_b2-C34"]).map(marker))).map("".join)


def joined(rendered, values):
    pieces = freeze(rendered)
    return b"".join(p.body if isinstance(p, Block) else fill(values[p.name]) for p in pieces)


def with_crlf(text):
    return re.sub(r"\r\n|\r|\n", "\r\n", text)


@given(RENDERED, VALUES)
def test_joined_blocks_and_slots_decode_to_the_rendered_text_with_the_values_in_place(rendered, values):
    parts = re.split(f"({OPENING}[a-zA-Z0-9_-]+{CLOSING})", rendered)
    wanted = "".join(with_crlf(values[p[1:-1]] if p.startswith(OPENING) else p) for p in parts)

    decoded = quopri.decodestring(joined(rendered, values)).decode()

    assert decoded == wanted


@given(RENDERED, VALUES)
def test_every_line_is_short_ascii_and_needs_no_care_from_a_relay(rendered, values):
    wire = joined(rendered, values)

    assert wire.isascii()
    assert b"\n" not in wire.replace(b"\r\n", b"")
    assert b"\r" not in wire.replace(b"\r\n", b"")
    for line in wire.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith((b".", b"From "))
        assert not line.endswith((b" ", b"\t"))


@given(RENDERED)
def test_each_block_ends_at_a_line_end(rendered):
    assert all(p.body.endswith(b"\r\n") for p in freeze(rendered) if isinstance(p, Block))


@given(TEXTS)
def test_a_filled_slot_goes_on_into_the_next_block(value):
    filled = fill(value)

    assert filled == b"" or filled.endswith(b"\r\n")
    assert quopri.decodestring(filled + b"next").decode() == with_crlf(value) + "next"


def test_blocks_do_not_depend_on_what_is_filled_in():
    one, slot, two = freeze(f'<a href="{marker("leave_url")}">Leave</a>\n')

    assert one == Block(b'<a href=3D"=\r\n')
    assert slot == Slot("leave_url")
    assert two == Block(b'">Leave</a>\r\n')


def test_an_empty_slot_leaves_nothing_behind():
    assert joined(f"a\n{marker('phrase')}\nb\n", {"phrase": ""}) == b"a\r\n\r\nb\r\n"


def test_equal_text_gives_blocks_with_equal_ids():
    assert freeze("강제북송\n") == freeze("강제북송\n")
    assert freeze("강제북송\n")[0].id == freeze("강제북송\n")[0].id
