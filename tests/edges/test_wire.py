"""Every octet that is sent: mails of every kind, language, form and sort of reader, composed, assembled and signed."""

import asyncio
import email
import email.policy
import itertools
import re
from email.header import decode_header, make_header
from functools import cache
from html.parser import HTMLParser

import dkim
import fast_mail_parser
import pytest

from nkwatch.catalogue.locales import load_locales
from nkwatch.domain.delivery import Claimed, Delivery
from nkwatch.domain.subscriber import Format
from nkwatch.keys import Keyring
from nkwatch.mail.assemble import Sender
from nkwatch.mail.signing import DkimSigner
from tests.edges.bulletins import JAPANESE, NOW, RETURN, URGENT, assembler, report, slots, story
from tests.edges.signed import both, records
from tests.edges.test_assembling import HOSTILE, KINDS, alert, digest

RING = Keyring({1: b"k" * 32}, 1)
LANGUAGES = ["en", *sorted(load_locales())]
#: Readers whose address, id, phrase and reasons are short, long, of other letters, and as hostile as can be stored.
READERS = [
    ("reader@inbox.example", "sub1", "heron"),
    (f"{'a' * 64}@{'b.' * 90}example", "s" * 32, "x" * 400),
    ("독자@테스트.example", "sub3", "푸른 왜가리, 하늘 " * 20),
    ("a.b+c=d?e@inbox.example", "sub4", HOSTILE),
    (".x@inbox.example", "sub5", ".\r\n.\r\nFrom here on\r\nMAIL FROM:<x>\r\n"),
]
LURE = story(report(title=HOSTILE, text=f".{HOSTILE}\n.\nFrom {HOSTILE}" * 9, publisher=HOSTILE), *URGENT.reports[1:])


@cache
def compositions():
    """By what they are: each kind in each language, form and discretion, and two about a hostile statement."""
    made = {}
    for make, language, form, neutral in itertools.product(KINDS, LANGUAGES, Format, (False, True)):
        one = make(language=language, form=form, neutral=neutral)
        made[f"{one.kind.value} {language} {form.value}{' neutral' * neutral}"] = one
    return made | {"lure digest": digest((LURE, JAPANESE)), "lure alert": alert(LURE)}


def assembled():
    """The message of each composition, for one reader after the other."""
    by = assembler(
        name="nkwatch, Seoul",
        link=RING.token,
        neutral=Sender("읽을거리", "post@plain.example"),
        replies="replies@watch.example",
        reply_tag=RING.reply_tag,
        bounces="bounces@watch.example",
        envelope=RING.envelope,
    )
    for number, (composition, reader) in enumerate(
        zip(compositions().values(), itertools.cycle(READERS), strict=False)
    ):
        address, subscriber, phrase = reader
        lines = slots(RETURN, (LURE, URGENT, JAPANESE), phrase=phrase, language=composition.language)
        date = Delivery(number, f"<{RING.message_id(str(number))}@watch.example>", NOW)
        yield by.assemble(Claimed(date, subscriber, address, composition, 12, "c0ffee", lines, "<a@watch.example>"))


@pytest.fixture(scope="module")
def wire():
    """What goes over the line, by what it is."""
    return dict(zip(compositions(), assembled(), strict=True))


@pytest.fixture(scope="module")
def signed(wire):
    """The same with signatures."""
    messages = asyncio.run(DkimSigner(both(), processes=0).signed([*wire.values()]))
    return dict(zip(wire, messages, strict=True))


def parsed(message):
    return email.message_from_bytes(message.content, policy=email.policy.compat32)


def test_all_kinds_are_there_in_all_languages(wire):
    assert len(wire) == len(KINDS) * len(LANGUAGES) * 2 * 2 + 2
    assert len(LANGUAGES) > 3


def test_each_line_is_short_and_ends_with_crlf_and_none_begins_with_a_full_stop(signed):
    for what, message in signed.items():
        *lines, rest = message.content.split(b"\r\n")
        assert message.stuffed, what
        assert rest == b"", what
        assert max(map(len, lines)) <= 998, what
        assert not any(line.startswith(b".") or b"\r" in line or b"\n" in line for line in lines), what
        header, _, body = message.content.partition(b"\r\n\r\n")
        assert body.isascii(), what
        assert header.isascii() or message.recipient == READERS[2][0], what
        assert max(map(len, body.split(b"\r\n"))) <= 76, what


def test_dkimpy_verifies_every_signature_over_the_whole_body(signed):
    known = {f"{name}.".encode(): record.encode() for name, record in records(*both()).items()}
    for what, message in signed.items():
        mail = dkim.DKIM(message.content)
        assert [mail.verify(i, lambda name, timeout: known[name]) for i in (0, 1)] == [True, True], what
        assert b"l" not in mail.signature_fields, what


def test_bulletins_are_left_by_one_plain_https_address_and_nothing_else_is(wire):
    for what, message in wire.items():
        header = message.content.partition(b"\r\n\r\n")[0] + b"\r\n"
        found = re.findall(rb"(?mi)^List-Unsubscribe:(.*)\r\n", header)
        if any(word in what for word in ("confirm", "settings", "move")):
            assert found == [], what
            continue
        [address] = found
        assert re.fullmatch(rb" <https://watch\.example/leave/[\w.~-]+>", address), what
        assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in header, what


def leaves(part, /):
    """The parts of a mail as the standard library sees them: types, and what is in them."""
    if part.is_multipart():
        return [part.get_content_type(), *map(leaves, part.get_payload())]
    return [part.get_content_type(), part.get_payload(decode=True)]


def nodes(part):
    """The same as the other parser sees them, which is written in Rust."""
    return [part.content_type.partition(";")[0], *(map(nodes, part.children) if part.children else [part.content])]


def test_two_mime_parsers_agree_on_header_and_parts(wire):
    for what, message in wire.items():
        one, other = parsed(message), fast_mail_parser.parse_email_tree(message.content)
        assert leaves(one) == nodes(other), what
        assert list(one.keys()) == list(other.headers), what
        shown = {name: str(make_header(decode_header(value))) for name, value in one.items() if name != "To"}
        assert shown == {name: value for name, [value] in other.headers.items() if name != "To"}, what


class Page(HTMLParser):
    """Collects what a page shows, where it leads, and everything that it would fetch or run."""

    def __init__(self, page):
        super().__init__()
        self.text, self.links, self.foreign = "", [], []
        self.feed(page)

    def handle_starttag(self, tag, attrs):
        given = dict(attrs)
        if tag in {"img", "script", "form", "iframe", "object", "embed", "link", "base", "video", "audio", "svg"}:
            self.foreign.append(tag)
        self.foreign += [name for name in given if name in {"src", "srcset", "background", "poster", "action"}]
        self.foreign += [name for name in given if name.startswith("on")]
        if tag == "a":
            self.links.append(given["href"])

    def handle_data(self, data):
        self.text += data


def test_nothing_in_a_page_is_fetched_or_run_and_the_host_of_every_link_is_shown(wire):
    for what, message in wire.items():
        for part in parsed(message).walk():
            if part.get_content_type() != "text/html":
                continue
            source = part.get_payload(decode=True).decode()
            page = Page(source)
            assert page.foreign == [], what
            assert not re.search(r"url\(|@import", source, re.IGNORECASE), what
            assert not re.search(r"<(img|script|form)\b", source, re.IGNORECASE), what
            for link in page.links:
                assert link.startswith(("https://", "mailto:")), what
                assert re.split(r"[:/?]+", link)[1] in page.text, (what, link)


def test_nothing_personal_is_in_the_fields_that_providers_count_by(wire):
    for what, message in wire.items():
        assert re.fullmatch(
            r"(12)?::(digests|alerts|list|notes|letters):(watch|plain)example", parsed(message)["Feedback-ID"]
        ), what


def test_each_envelope_has_a_sender_of_its_own_that_leads_to_its_delivery_only(wire):
    senders = [message.sender for message in wire.values()]
    tokens = [re.fullmatch(r"bounces\+([a-z2-7]{40})@watch\.example", sender)[1] for sender in senders]

    assert [RING.enveloped(token) for token in tokens] == list(range(len(wire)))
    assert max(len(sender.partition("@")[0]) for sender in senders) <= 64
