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
    assert RING.lookup("reader@example.org") in NEWER.lookups("reader@example.org")
    assert NEWER.subject("leave", RING.token("leave", "r1"), NOW) == "r1"
    assert NEWER.is_reply_tag("r1", RING.reply_tag("r1"))
    assert RING.subject("leave", NEWER.token("leave", "r1"), NOW) is None
    assert not RING.is_reply_tag("r1", NEWER.reply_tag("r1"))


def test_an_address_is_found_whatever_capitals_it_is_typed_with():
    assert RING.lookup("Ann@Example.org") == RING.lookup("ann@example.org")
    assert RING.lookup("ann@example.org") in RING.lookups("ANN@example.org")


def test_a_look_up_hash_says_by_which_key_it_was_made():
    assert (RING.lookup("a@example.org")[0], NEWER.lookup("a@example.org")[0]) == (1, 2)
    assert len({RING.lookup("a@example.org"), RING.lookup("b@example.org"), NEWER.lookup("a@example.org")}) == 3


def test_a_value_is_looked_for_under_every_key_and_in_the_oldest_form():
    found = NEWER.lookups("a@example.org")
    assert NEWER.lookup("a@example.org") in found
    # before schema 4 a hash had no id, and was made with the oldest key
    assert RING.lookup("a@example.org")[1:] in found
    assert len(set(found)) == 3
    assert not set(found) & set(NEWER.lookups("b@example.org"))


@given(st.text(alphabet="abcdefghijklmnopqrstuvwxyz234567", max_size=20))
def test_a_reply_tag_is_its_subjects_only(subject):
    tag = RING.reply_tag(subject)
    assert RING.is_reply_tag(subject, tag)
    assert not RING.is_reply_tag(f"{subject}x", tag)
    assert not STRANGER.is_reply_tag(subject, tag)
    assert len(tag) == 16
    assert tag == tag.lower()
    assert tag.isalnum()


@given(st.text(max_size=40))
@example("")
@example("é" * 16)
def test_rubbish_is_nobodys_reply_tag_and_no_error(tag):
    assert not RING.is_reply_tag("abcdefgh", tag)


def test_tags_tokens_and_hashes_of_one_value_have_nothing_in_common():
    made = [RING.reply_tag("r1"), RING.token("reply", "r1"), RING.message_id("r1"), RING.lookup("r1").hex()]
    assert not [a for a in made for b in made if a != b and a[-8:] in b]


def test_keys_are_in_no_representation():
    assert repr(bytes(range(32)))[2:-1] not in repr(RING)


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


def test_what_is_signed_holds_for_its_text_and_purpose_with_any_key_of_the_ring() -> None:
    old, both = Keyring({1: b"a" * 32}, 1), Keyring({1: b"a" * 32, 2: b"b" * 32}, 2)
    signature = old.sign("departed", "a line")
    assert both.is_signed("departed", "a line", signature)
    assert not both.is_signed("departed", "another", signature)
    assert not both.is_signed("token", "a line", signature)
    assert not old.is_signed("departed", "a line", both.sign("departed", "a line"))
    for forged in ("", "1.", "x.y", "1", "9.abc", "²." + signature[2:], signature + "é"):
        assert not both.is_signed("departed", "a line", forged)


def test_the_fingerprint_of_a_key_is_its_own_and_short() -> None:
    ring = Keyring({1: b"a" * 32, 2: b"b" * 32}, 2)
    assert ring.fingerprint(1) == Keyring({1: b"a" * 32}, 1).fingerprint(1)
    assert ring.fingerprint(1) != ring.fingerprint(2)
    assert len(ring.fingerprint(1)) == 16
