"""Signatures by the examples of the RFCs, and by dkimpy, which knows nothing of how we make them."""

import hashlib
import re
from base64 import b64decode, b64encode

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, ec, rsa
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.problems import ConfigError
from nkwatch.mail.dkim import OVERSIGNED, Parsed, drafts, relaxed, simple_hash
from nkwatch.mail.dkim_keys import DkimKey, load_key, load_keys, new_key, write_key
from nkwatch.mail.signatory import signature
from tests.edges.signed import FOOTBALL, RFC_8463, RSA, SEED, both, key, records

#: RFC 6376, 3.4.5, as the example of all three ways.
EXAMPLE = b"A: X\r\nB : Y\t\r\n\tZ  \r\n\r\n C \r\nD \t E\r\n\r\n\r\n"
MAIL = (
    b"From: nkwatch <news@watch.example>\r\nTo: <reader@inbox.example>\r\nSubject: Seven held\r\n"
    b"Date: Mon, 03 Nov 2025 07:00:00 +0000\r\nMessage-ID: <a@watch.example>\r\n"
    b"List-Unsubscribe: <https://watch.example/leave/1>\r\n\r\nSeven people are held.\r\n"
)


def signed(content, keys, left_out=frozenset()):
    """The message with its signatures, made here and now."""
    made = drafts(Parsed.of(content), keys, left_out)
    fields = [draft.finished(signature(one.private, draft.digest)) for draft, one in zip(made, keys, strict=True)]
    return b"".join(fields) + content


def holds(content, keys):
    """What dkimpy says of each signature."""
    mail, known = dkim.DKIM(content), {f"{name}.".encode(): r.encode() for name, r in records(*keys).items()}
    return [mail.verify(i, lambda name, timeout: known.get(name, b"")) for i in range(len(keys))]


def tags(content):
    """The tags of the first signature."""
    field = re.match(rb"DKIM-Signature: (.*?)\r\n(?! )", content, re.DOTALL)[1]
    return {k.strip(): v for k, _, v in (t.partition(b"=") for t in field.replace(b"\r\n ", b"").split(b";"))}


# ---- canonical forms


def test_header_fields_are_made_relaxed_as_in_the_rfc():
    assert list(relaxed(b"A: X\r\nB : Y\t\r\n\tZ  \r\n")) == [(b"a", b"a:X"), (b"b", b"b:Y Z")]
    assert [line for _, line in Parsed.of(EXAMPLE).fields] == [b"a:X", b"b:Y Z"]


def test_a_body_is_made_simple_as_in_the_rfc():
    assert Parsed.of(EXAMPLE).body_hash == hashlib.sha256(b" C \r\nD \t E\r\n").digest()


@pytest.mark.parametrize("body", [b"", b"\r\n", b"\r\n\r\n"])
def test_an_empty_body_is_one_line_end(body):
    assert b64encode(simple_hash(body, 0)) == b"frcCV1k9oG9oKj3dpUqdJg1PxRT2RSN/XKdLCPjaYaY="
    assert Parsed.of(b"A: X\r\n\r\n" + body).body_hash == simple_hash(b"", 0)
    assert Parsed.of(b"A: X\r\n").body_hash == simple_hash(b"", 0)


@given(st.lists(st.sampled_from([b"\r\n", b"\r", b"\n", b" ", b"a", b"."]), max_size=12).map(b"".join))
def test_the_ends_of_bodies_are_those_that_dkimpy_finds(body):
    assert simple_hash(body, 0) == hashlib.sha256(dkim.canonicalization.Simple.canonicalize_body(body)).digest()


@given(st.lists(st.sampled_from([b" ", b"\t", b"a", b"B", b":", b"\r\n ", b"\r\n\t", b"\xed\x95\x9c"]), max_size=12))
def test_fields_are_made_relaxed_as_dkimpy_does(pieces):
    value = b"".join(pieces)
    [(name, line)] = dkim.canonicalization.Relaxed.canonicalize_headers([(b"X-Test", value + b"\r\n")])

    assert [one + b"\r\n" for _, one in relaxed(b"X-Test:" + value + b"\r\n")] == [name + b":" + line]


def test_the_example_of_rfc_8463_is_what_our_digests_and_signatures_make():
    """The same headers, with the keys of the example, give the example's signatures, octet for octet."""
    ed25519 = Ed25519PrivateKey.from_private_bytes(b64decode(SEED))
    privates = [ed25519, load_pem_private_key(RSA.encode(), None)]
    fields = Parsed.of(RFC_8463).fields
    by_name = {name: line for name, line in fields if name != b"dkim-signature"}
    shown = [line for name, line in fields if name == b"dkim-signature"]

    for private, field in zip(privates, shown, strict=True):
        names = re.split(rb" ?: ?", re.search(rb"h=([^;]*)", field)[1])
        covered = [by_name.pop(n) + b"\r\n" for n in names if n in by_name]
        by_name |= {line.partition(b":")[0]: line.removesuffix(b"\r\n") for line in covered}
        empty, _, made = field.partition(b" b=")
        digest = hashlib.sha256(b"".join(covered) + empty + b" b=").digest()
        assert signature(private, digest) == b64decode(made.replace(b" ", b""))


# ---- what a signature says and covers


@pytest.mark.parametrize("keys", [[key()], [key("ed25519")], both()], ids=["rsa", "ed25519", "both"])
def test_dkimpy_accepts_our_signatures(keys):
    assert holds(signed(MAIL, keys), keys) == [True] * len(keys)


def test_rsa_comes_first_and_ed25519_second():
    first, second = re.findall(rb"a=([\w-]+)", signed(MAIL, both()))

    assert (first, second) == (b"rsa-sha256", b"ed25519-sha256")


def test_a_signature_has_no_length_and_no_end_and_the_date_of_the_mail():
    told = tags(signed(MAIL, [key()]))

    assert told.keys() == {b"v", b"a", b"c", b"d", b"s", b"t", b"h", b"bh", b"b"}
    assert told[b"c"] == b"relaxed/simple"
    assert told[b"t"] == b"1762153200"
    assert b"t" not in tags(signed(MAIL.replace(b"Mon, 03 Nov", b"some day in"), [key()]))
    assert b"t" not in tags(signed(MAIL.replace(b"Date:", b"X-Date:"), [key()]))


def test_every_field_of_ours_is_covered_and_what_readers_act_on_once_more():
    names = tags(signed(MAIL, [key()]))[b"h"].split(b":")

    assert names[:6] == [b"from", b"to", b"subject", b"date", b"message-id", b"list-unsubscribe"]
    assert names[6:] == list(OVERSIGNED)


def test_a_field_of_the_way_is_not_covered():
    content = b"Received: by a.example\r\nDKIM-Signature: v=1\r\nReturn-Path: <>\r\nBcc: x\r\n" + MAIL
    names = tags(signed(content, [key()]))[b"h"].split(b":")

    assert not {b"received", b"dkim-signature", b"return-path", b"bcc"} & {*names}


def test_what_the_mail_server_rewrites_can_be_left_out():
    content = signed(MAIL, both(), frozenset({b"date", b"message-id"}))
    rewritten = content.replace(b"07:00:00", b"07:00:09").replace(b"<a@", b"<b@")

    assert not {b"date", b"message-id"} & {*tags(content)[b"h"].split(b":")}
    assert holds(rewritten, both()) == [True, True]
    assert holds(signed(MAIL, both()).replace(b"<a@", b"<b@"), both()) == [False, False]


ADDED = [
    b"From: lure <news@watch.example>",
    b"Subject: lure",
    b"Reply-To: <lure@lure.example>",
    b"Cc: <minister@gov.example>",
    b"Date: Tue, 04 Nov 2025 07:00:00 +0000",
    b"List-Unsubscribe: <https://lure.example/>",
    b"List-Unsubscribe-Post: List-Unsubscribe=One-Click",
    b'Content-Type: multipart/mixed; boundary="people"',
    b"Content-Transfer-Encoding: base64",
]


@pytest.mark.parametrize("field", ADDED, ids=lambda f: f.partition(b":")[0].decode())
def test_a_field_that_is_added_breaks_every_signature(field):
    content = signed(MAIL, both())

    assert holds(field + b"\r\n" + content, both()) == [False, False]
    assert holds(content.replace(b"\r\n\r\n", b"\r\n" + field + b"\r\n\r\n", 1), both()) == [False, False]


def test_what_relays_put_before_a_mail_breaks_no_signature():
    way = (
        b"Received: from a.example\r\n\tby b.example; Mon, 03 Nov 2025 07:00:02 +0000\r\nSender: <relay@b.example>\r\n"
    )

    assert holds(way + signed(MAIL, both()), both()) == [True, True]


def test_a_relay_may_fold_and_space_header_fields_anew():
    content = signed(MAIL, both())
    folded = (
        content.replace(b"; c=", b";\r\n\tc=").replace(b"Seven held", b"Seven\r\n  held").replace(b"From: ", b"from:")
    )

    assert folded != content
    assert holds(folded, both()) == [True, True]


def test_of_equal_fields_the_last_is_covered_first():
    content = b"X-Mark: one\r\nX-Mark: two\r\n" + MAIL

    assert holds(signed(content, both()), both()) == [True, True]
    assert holds(signed(content, both()).replace(b"one", b"two", 1), both()) == [False, False]


def test_signing_again_gives_the_same_octets_in_short_lines():
    content = signed(MAIL, both())

    assert signed(MAIL, both()) == content
    head = content[: content.index(b"From:")]
    assert max(map(len, head.split(b"\r\n"))) <= 78
    assert not any(line.startswith(b".") for line in head.split(b"\r\n"))
    assert b"\n" not in head.replace(b"\r\n", b"")


def test_the_domain_of_the_sender_is_that_of_the_address_that_readers_see():
    assert Parsed.of(MAIL).domain == "watch.example"
    assert Parsed.of(b'From: "a@b.example" <News@Watch.EXAMPLE>\r\n\r\n').domain == "watch.example"
    assert Parsed.of(b"From: news@watch.example\r\n\r\n").domain == "watch.example"
    assert Parsed.of(b"To: a\r\n\r\n").domain == ""


# ---- keys


def pem(private, form=PrivateFormat.PKCS8, how=None):
    return private.private_bytes(Encoding.PEM, form, how or NoEncryption())


def stored(folder, content, mode=0o600):
    path = folder / "key.pem"
    path.write_bytes(content)
    path.chmod(mode)
    return path


def test_new_keys_are_read_again_and_their_records_are_those_of_their_halves(tmp_path):
    for kind in ("rsa", "ed25519"):
        write_key(tmp_path / kind, new_key(kind))
    found = load_keys("watch.example", "nk1", tmp_path / "rsa", "nk2", tmp_path / "ed25519")

    assert [(one.algorithm, one.name) for one in found] == [
        ("rsa-sha256", "nk1._domainkey.watch.example"),
        ("ed25519-sha256", "nk2._domainkey.watch.example"),
    ]
    assert (tmp_path / "rsa").stat().st_mode & 0o777 == 0o600
    assert found[0].private.key_size == 2048
    assert holds(signed(MAIL, found), found) == [True, True]
    assert len(load_keys("watch.example", "nk1", tmp_path / "rsa")) == 1


def test_the_records_of_rfc_8463_are_those_of_its_keys():
    brisbane = DkimKey("football.example.com", "brisbane", Ed25519PrivateKey.from_private_bytes(b64decode(SEED)))
    test = DkimKey("football.example.com", "test", load_pem_private_key(RSA.encode(), None))

    assert records(brisbane, test) == FOOTBALL


def test_a_long_record_stands_in_a_zone_file_as_several_strings():
    line = key().zone_line
    strings = re.findall(r'"([^"]*)"', line)

    assert line.startswith("rsa1._domainkey.watch.example. IN TXT ( ")
    assert "".join(strings) == key().record
    assert max(map(len, strings)) <= 255
    assert len(strings) == 2


def test_no_key_shows_itself():
    assert "PRIVATE" not in repr(key())
    assert "private" not in repr(key())


def test_a_key_in_the_old_form_is_read_too(tmp_path):
    old = pem(key().private, PrivateFormat.TraditionalOpenSSL)

    assert load_key("watch.example", "s", stored(tmp_path, old), "rsa").record == key().record


WEAK = rsa.generate_private_key(65537, 1024)
WRONG = {
    "no private key": [b"", b"\xff\xfe", b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"],
    "and 2048 to 4096 are needed": [pem(WEAK)],
    "has a password": [pem(WEAK, how=BestAvailableEncryption(b"x"))],
    "another kind than RSA": [pem(ec.generate_private_key(ec.SECP256R1())), new_key("ed25519")],
}


@pytest.mark.parametrize(("said", "content"), [(said, c) for said, contents in WRONG.items() for c in contents])
def test_a_key_that_cannot_be_used_is_refused_in_a_sentence(said, content, tmp_path):
    path = stored(tmp_path, content)

    with pytest.raises(ConfigError, match=said) as refused:
        load_key("watch.example", "s", path, "rsa")
    assert str(refused.value).startswith(f"{path}: ")


def test_a_public_key_is_no_private_one(tmp_path):
    public = key().private.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)

    with pytest.raises(ConfigError, match="no private key"):
        load_key("watch.example", "s", stored(tmp_path, public), "rsa")


def test_a_dsa_or_rsa_key_is_no_ed25519_key(tmp_path):
    for private in (dsa.generate_private_key(2048), key().private):
        with pytest.raises(ConfigError, match="another kind than Ed25519"):
            load_key("watch.example", "s", stored(tmp_path, pem(private)), "ed25519")


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o660])
def test_a_key_that_others_may_read_is_refused(mode, tmp_path):
    with pytest.raises(ConfigError, match="others may read this private key; run: chmod 600"):
        load_key("watch.example", "s", stored(tmp_path, new_key("ed25519"), mode), "ed25519")


def test_all_that_is_wrong_with_both_keys_is_told_at_once(tmp_path):
    with pytest.raises(ConfigError) as refused:
        load_keys("watch.example", "a", tmp_path / "one", "b", tmp_path)

    assert len(refused.value.problems) == 2
    assert "no such file; run `nkwatch keys dkim`" in refused.value.problems[0]


def test_a_folder_is_no_key(tmp_path):
    tmp_path.chmod(0o700)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_key("watch.example", "s", tmp_path, "rsa")


def test_a_key_is_never_overwritten(tmp_path):
    write_key(tmp_path / "a", b"one")

    with pytest.raises(ConfigError, match="is not overwritten"):
        write_key(tmp_path / "a", b"two")
    assert (tmp_path / "a").read_bytes() == b"one"
    with pytest.raises(ConfigError, match="cannot be written"):
        write_key(tmp_path / "b" / "c", b"one")
