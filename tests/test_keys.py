"""Seals, look-up hashes and tokens: what one key made, nothing else opens."""

import os
from datetime import timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nkwatch.keys import BrokenSeal, Keyring
from tests.making import NOW

RING = Keyring({1: bytes(range(32))}, 1)
NEWER = Keyring({1: bytes(range(32)), 2: bytes(32)}, 2)
STRANGER = Keyring({1: os.urandom(32)}, 1)


@given(st.text(), st.text())
def test_what_is_sealed_is_read_again_with_the_same_context(plain, context):
    assert RING.unseal(RING.seal(plain, context), context) == plain


def test_the_same_address_sealed_twice_looks_different():
    assert RING.seal("reader@example.org", "c") != RING.seal("reader@example.org", "c")


@pytest.mark.parametrize("context", ["address:other", "phrase:one", ""])
def test_a_seal_moved_to_another_row_or_column_is_broken(context):
    with pytest.raises(BrokenSeal, match="cannot unseal"):
        RING.unseal(RING.seal("reader@example.org", "address:one"), context)


@given(st.binary(max_size=60))
@example(b"")
@example(b"\x01")
@example(b"\x07" + bytes(40))
def test_rubbish_is_a_broken_seal_and_nothing_worse(sealed):
    with pytest.raises(BrokenSeal):
        RING.unseal(sealed, "address:one")


def test_a_strangers_key_opens_nothing():
    with pytest.raises(BrokenSeal):
        STRANGER.unseal(RING.seal("reader@example.org", "c"), "c")
    assert STRANGER.lookup("reader@example.org") != RING.lookup("reader@example.org")
    assert STRANGER.subject("leave", RING.token("leave", "r1"), NOW) is None


def test_a_newer_key_loses_nobody_and_breaks_no_old_link():
    assert NEWER.unseal(RING.seal("reader@example.org", "c"), "c") == "reader@example.org"
    assert NEWER.lookup("reader@example.org") == RING.lookup("reader@example.org")
    assert NEWER.subject("leave", RING.token("leave", "r1"), NOW) == "r1"
    assert RING.subject("leave", NEWER.token("leave", "r1"), NOW) is None


def test_a_token_holds_for_its_purpose_only():
    token = RING.token("confirm", "r1")
    assert RING.subject("confirm", token, NOW) == "r1"
    assert RING.subject("leave", token, NOW) is None


def test_a_token_expires_to_the_second():
    token = RING.token("confirm", "r1", NOW + timedelta(hours=48))
    assert RING.subject("confirm", token, NOW + timedelta(hours=47, minutes=59, seconds=59)) == "r1"
    assert RING.subject("confirm", token, NOW + timedelta(hours=48)) is None


@given(st.data())
def test_a_token_with_any_letter_changed_is_nobodys(data):
    token = RING.token("leave", "abcdefgh", NOW + timedelta(days=1))
    place = data.draw(st.integers(0, len(token) - 1))
    other = data.draw(st.characters(codec="utf-8").filter(lambda c: c != token[place]))
    changed = token[:place] + other + token[place + 1 :]
    # the last letter of the tag holds four bits that no byte uses: it may differ without meaning anything else
    assert RING.subject("leave", changed, NOW) in ({None} if place < len(token) - 1 else {None, "abcdefgh"})


@given(st.text(max_size=300))
@example("1." * 100)
@example("9" * 10_000)
@example("1.r1.." + "A" * 22)
@example("1.r1.zz." + "A" * 22)
def test_rubbish_is_nobodys_token_and_no_error(token):
    assert RING.subject("leave", token, NOW) is None


def test_a_message_id_is_the_same_for_the_same_delivery_and_tells_nothing_of_it():
    assert RING.message_id("7/reader") == RING.message_id("7/reader") != RING.message_id("8/reader")
    assert "reader" not in RING.message_id("7/reader")
