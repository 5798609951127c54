"""Whether a mail is ours, whatever was done to it on the way or by somebody who wants to pass for us."""

import hashlib
import re
import time
from email import message_from_bytes, policy

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nkwatch.mail.dkim import Draft, Parsed, drafts
from nkwatch.mail.signatory import signature
from nkwatch.mail.verifying import LARGEST, verify
from tests.edges.bulletins import alert, assembler, claimed, confirmation, digest
from tests.edges.signed import EXAMPLE_COM, FOOTBALL, RFC_6376, RFC_8463, both, key, records


def sent(composition=None, keys=None, left_out=frozenset(), **settings):
    """A mail as it leaves this house."""
    by = assembler(replies="replies@watch.example", **settings)
    content = by.assemble(claimed(composition or digest())).content
    return signed(content, keys or both(), left_out)


def signed(content, keys, left_out=frozenset()):
    made = drafts(Parsed.of(content), keys, left_out)
    fields = [d.finished(signature(k.private, d.digest)) for d, k in zip(made, keys, strict=True)]
    return b"".join(fields) + content


def looked_at(raw, keys=None):
    return verify(raw, records(*(keys or both())))


OURS = sent()


# ---- ours


def test_a_mail_of_ours_is_ours_and_tells_which_one_it_is():
    found = looked_at(OURS)

    assert (found.ours, found.reason) == (True, "")
    assert [(s.domain, s.selector, s.algorithm, s.valid, s.whole) for s in found.signatures] == [
        ("watch.example", "rsa1", "rsa-sha256", True, True),
        ("watch.example", "ed255191", "ed25519-sha256", True, True),
    ]
    assert found.proof == found.signatures[0]
    assert {"from", "subject", "date", "message-id", "list-unsubscribe", "list-id", "to"} <= found.proof.covered
    assert (found.uncovered, found.duplicates) == (frozenset(), frozenset())
    assert found.number == 12


@pytest.mark.parametrize("make", [alert, confirmation])
@pytest.mark.parametrize("language", ["en", "ko"])
def test_mails_of_other_kinds_and_languages_are_ours_too(make, language):
    found = looked_at(sent(make(language=language)))

    assert found.ours
    assert found.number == (12 if make is alert else None)


def test_a_mail_saved_with_other_line_ends_or_with_its_way_before_it_is_still_ours():
    way = b"Return-Path: <bounce@watch.example>\r\nReceived: from a.example\r\n\tby b.example; some day\r\n"
    foreign = b"DKIM-Signature: v=1; a=rsa-sha256; d=relay.example; s=x; h=from; bh=YQ==; b=YQ==\r\n"

    for raw in (OURS.replace(b"\r\n", b"\n"), way + foreign + OURS, OURS + b"\r\n\r\n", b"From x Mon Nov  3\n" + OURS):
        assert looked_at(raw).ours
    assert [s.trouble for s in looked_at(foreign + OURS).signatures] == ["not ours", "", ""]


@pytest.mark.parametrize("holding", [0, 1])
def test_one_signature_that_holds_is_enough(holding):
    only = both()[holding]
    found = looked_at(OURS, [only])

    assert found.ours
    assert found.proof.selector == only.selector
    assert [s.trouble for s in found.signatures if not s.valid] == ["no key of that name is known, or it was withdrawn"]


def test_what_the_mail_server_rewrites_is_told_and_does_no_harm():
    raw = sent(left_out=frozenset({b"date", b"message-id"}))
    found = looked_at(raw.replace(b"07:00:00", b"07:00:09"))

    assert found.ours
    assert found.uncovered == {"date", "message-id"}


def test_records_can_be_asked_for_by_name_and_only_for_our_domains():
    asked = []

    def ask(name):
        asked.append(name)
        return records(*both()).get(name)

    foreign = b"DKIM-Signature: v=1; a=rsa-sha256; d=lure.example; s=x; h=from; bh=YQ==; b=YQ==\r\n"

    assert verify(foreign + OURS, ask, ["watch.example"]).ours
    assert asked == [one.name for one in both()]


def test_the_examples_of_the_rfcs_are_of_their_domains():
    for raw, known in ((RFC_8463, FOOTBALL), (RFC_6376, EXAMPLE_COM)):
        found = verify(raw, known)
        assert found.ours, found.reason
        assert all(s.valid for s in found.signatures)
        assert not verify(raw.replace(b"lost", b"won "), known).ours
        assert not verify(raw.replace(b"Is dinner", b"Dinner is"), known).ours


# ---- not ours, and why

TEXT = "the text was altered"
FIELD = "a header field was altered, or it is forged"


def without(raw, name):
    """The mail without the field of this name."""
    return re.sub(rb"(?m)^%b:.*?\r\n(?![ \t])" % name, b"", raw, count=1, flags=re.DOTALL | re.MULTILINE)


ALTERED = {
    "another text": (OURS.replace(b"Seven people", b"Eight people"), TEXT),
    "text at the end": (OURS + b"More.\r\n", TEXT),
    "another subject": (re.sub(rb"Subject: .*\r\n .*\r\n", b"Subject: lure\r\n", OURS), FIELD),
    "another sender": (OURS.replace(b"From: nkwatch", b"From: nkwatsh"), FIELD),
    "another date": (OURS.replace(b"Date: Mon, 03", b"Date: Tue, 04"), FIELD),
    "another link to leave": (OURS.replace(b"Unsubscribe: <https://watch", b"Unsubscribe: <https://lure"), FIELD),
    "a second sender": (b"From: lure <lure@lure.example>\r\n" + OURS, FIELD),
    "a second subject": (b"Subject: lure\r\n" + OURS, FIELD),
    "no field to answer to": (without(OURS, b"Reply-To"), FIELD),
    "another type": (b'Content-Type: text/plain; charset="x"\r\n' + OURS, FIELD),
}


@pytest.mark.parametrize("what", ALTERED)
def test_an_altered_mail_is_not_ours_and_it_is_said_what_was_altered(what):
    raw, said = ALTERED[what]
    found = looked_at(raw)

    assert raw != OURS
    assert found.reason == f"The signature of watch.example does not hold: {said}."
    assert {s.trouble for s in found.signatures} == {said}
    assert found.proof is None


def test_a_mail_without_a_signature_is_not_ours():
    found = looked_at(OURS[OURS.index(b"From:") :])

    assert found.reason == "It has no signature: nothing proves who sent it."
    assert found.number == 12, "it says so itself, which proves nothing"


def test_a_mail_that_somebody_else_signed_is_not_ours_though_it_bears_our_name():
    lure = key(domain="lure.example")
    found = verify(sent(keys=[lure]), records(*both()))

    assert found.reason == "It is signed by lure.example, and not by watch.example."
    assert not verify(sent(keys=[key(domain="news.watch.example")]), records(*both())).ours


def test_a_forged_signature_of_our_domain_does_not_hold():
    forger = key(selector="forger")
    forged = sent(keys=[forger])

    assert "no key of that name is known" in looked_at(forged).reason
    assert FIELD in looked_at(forged.replace(b"s=forger", b"s=rsa1")).reason


def test_a_key_that_was_withdrawn_proves_nothing():
    withdrawn = dict.fromkeys(records(*both()), "v=DKIM1; p=")

    assert "it was withdrawn" in verify(OURS, withdrawn).reason
    assert "it was withdrawn" in verify(OURS, dict.fromkeys(withdrawn, "no record")).reason
    assert FIELD in verify(OURS, dict.fromkeys(withdrawn, "v=DKIM1; k=rsa; p=YQ==")).reason


def by_hand(tags, content=None, one=None):
    """A mail with a signature that says this, made with our own key."""
    one = one or key()
    content = content or OURS[OURS.index(b"From:") :]
    [usual] = drafts(Parsed.of(content), [one])
    opening = tags(usual.opening)
    own = b"dkim-signature:" + opening.partition(b": ")[2].replace(b"\r\n ", b" ")
    names = re.search(rb"h=(.*?);", opening, re.DOTALL)[1].replace(b"\r\n ", b"").split(b":")
    there = dict(Parsed.of(content).fields)
    covered = b"".join(there.pop(n) + b"\r\n" for n in names if n in there)
    draft = Draft(opening, hashlib.sha256(covered + own).digest())
    return draft.finished(signature(one.private, draft.digest)) + content


def test_made_by_hand_a_signature_holds_too():
    assert looked_at(by_hand(lambda opening: opening)).ours


def test_a_signature_of_a_part_of_the_text_proves_nothing_of_the_rest():
    body = OURS.partition(b"\r\n\r\n")[2]
    raw = by_hand(lambda opening: opening.replace(b" bh=", b" l=%d; bh=" % len(body)))
    found = looked_at(raw + b"And send money.\r\n")

    assert [s.valid for s in found.signatures] == [True]
    assert not found.proof.whole
    assert found.reason == "The signature covers the beginning of the text only: what follows may be by anybody."
    assert not looked_at(raw).ours


def test_what_a_signature_does_not_cover_may_be_by_anybody():
    def only(names):
        return lambda opening: re.sub(rb" h=.*?;", b" h=%b;" % names, opening, count=1, flags=re.DOTALL)

    def reason(names, before=b""):
        return looked_at(before + by_hand(only(names))).reason

    usual = b"from:from:subject:to:reply-to:list-unsubscribe:mime-version:content-type"
    assert reason(usual) == ""
    assert reason(usual.replace(b":subject", b"")).endswith("may be by anybody: subject.")
    assert reason(usual.replace(b":list-unsubscribe", b"")).endswith("may be by anybody: list-unsubscribe.")
    assert reason(usual, b"Cc: <all@list.example>\r\n").endswith("may be by anybody: cc.")
    doubled = "It has two fields where a mail has one, and one may be by anybody: subject."
    assert reason(usual, b"Subject: lure\r\n") == doubled


def test_a_signature_that_has_expired_or_is_of_tomorrow_does_not_hold():
    raw = by_hand(lambda opening: opening.replace(b" t=", b" x=1762153201; t="))
    tomorrow = str(int(time.time()) + 86_400).encode()
    early = by_hand(lambda opening: re.sub(rb"t=\d+", b"t=" + tomorrow, opening))

    assert looked_at(raw).reason == "The signature of watch.example does not hold: it has expired."
    assert "not in the form" in looked_at(early).reason


@pytest.mark.parametrize("algorithm", [b"rsa-sha1", b"rsa-md5", b""])
def test_a_signature_by_a_broken_algorithm_proves_nothing(algorithm):
    raw = by_hand(lambda opening: opening.replace(b"rsa-sha256", algorithm))

    assert "made in a way that proves nothing" in looked_at(raw).reason


# ---- hostile bytes


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (OURS.replace(b"\r\n\r\n", b"\r\n\r\n" + b" " * 999 + b"\r\n", 1), "lines are longer"),
        (OURS.replace(b"\r\n\r\n", b"\r\n\r\n" + (b" " * 99 + b"\r\n") * 900, 1), "lines are longer"),
        (b"X: y\r\n" * 2000 + OURS, "header is larger"),
        (b"X: " + b"y" * 200_000 + b"\r\n" + OURS, "header is larger"),
        (OURS + b"x" * LARGEST, "larger than any mail"),
        (b"X-Mark: a\rSubject: lure\r\n" + OURS, "line ends"),
        (OURS + b"a\r", "line ends"),
        (b" folded\r\n" + OURS, "no mail that can be read"),
        (b"\xed\x95\x9c: a\r\n" + OURS, "no mail that can be read"),
        (b"", "no signature"),
        (b"\r\n", "no signature"),
    ],
)
def test_what_no_mail_of_ours_has_is_not_looked_into(raw, said):
    assert said in looked_at(raw).reason


def test_a_signature_that_cannot_be_read_says_nothing_of_the_others():
    odd = [
        b"v=1; a=rsa-sha256; d=watch.example; s=rsa1; h=from; bh=YQ==; b=YQ",
        b"v=1; a=rsa-sha256; d=watch.example; s=rsa1; h=from; bh=YQ==; b=YQ==; l=x",
        b"v=1; a=ed25519-sha256; d=watch.example; s=rsa1; i=@b; h=\xff; bh=; b=",
        b"v=1; a=rsa-sha256; d=watch.example; s=rsa1; h=from; bh=YQ==; b=YQ==; t=" + b"9" * 3000,
        b"v=1; a=rsa-sha256; d=watch.example; s=rsa1; i=watch.example; h=from; bh=YQ==; b=YQ==",
        b"v=1; a=rsa-sha256; d=watch.example",
        b"d=watch.example; d=watch.example",
        b"=;;=",
        b"x" * 5000,
    ]
    raw = b"".join(b"DKIM-Signature: " + one + b"\r\n" for one in odd) + OURS

    found = looked_at(raw)
    assert found.ours
    assert len(found.signatures) == len(odd) + 2


def test_of_a_hundred_signatures_in_our_name_ten_are_checked():
    asked = []

    def ask(name):
        asked.append(name)

    verify(
        b"DKIM-Signature: v=1; a=rsa-sha256; d=watch.example; s=x; h=from; b=\r\n" * 100 + OURS, ask, ["watch.example"]
    )
    assert len(asked) == 10


@pytest.mark.parametrize("said", [b"9999999999::a:b", b"12", b"x:y:z", b"=?utf-8?b?MTI6Og==?=", b"\xd9\xa1::a:b", b""])
def test_what_is_no_number_of_ours_is_none(said):
    assert looked_at(b"Feedback-ID: " + said + b"\r\n\r\n").number is None


PIECES = st.sampled_from(
    [
        *(b"DKIM-Signature: ", b"v=1; ", b"a=rsa-sha256; ", b"c=relaxed/relaxed; ", b"d=watch.example; ", b"s=rsa1; "),
        *(b"h=from:subject; ", b"bh=YQ==; ", b"b=YQ==; ", b"l=9; ", b"x=0", b"b =", b";", b"=", b":", b" ", b"\t"),
        *(b"\r\n", b"\n", b"\r", b"From: a@b\r\n", b"Subject: =?utf-8?b?", b"?=", b"\x00", b"\xff", b"q=" * 99),
    ]
)


@given(st.binary(max_size=300) | st.lists(PIECES, max_size=60).map(b"".join), st.integers(0, len(OURS)))
@example(b"DKIM-Signature: b\r\n", 0)
def test_nothing_is_raised_and_nothing_else_becomes_ours(hostile, place):
    assert not looked_at(hostile).ours

    inside = OURS[:place] + hostile + OURS[place:]
    found = looked_at(inside)
    unseen = {b"date", b"subject", b"from"}
    if found.ours:  # only where it changed nothing that a reader sees
        assert dict(Parsed.of(inside.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")).fields).keys() >= unseen
        assert message_from_bytes(inside, policy=policy.default)["subject"] == digest().subject
