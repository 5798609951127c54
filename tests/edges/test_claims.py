"""What a mail says of itself, read from bytes that anybody may have made."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.bulletin import Block, BulletinKind, Composition, Slot
from nkwatch.feeds.documents import Unreadable
from nkwatch.feeds.workers import attempted
from nkwatch.mail.claims import Claims, Difference, difference, hosts_in, read_claims

COPY = "ab" * 32
MAIL = f"""\
DKIM-Signature: v=1; a=rsa-sha256; c=relaxed/simple; d=Watch.example;
 s=s1; t=1; h=from; bh=x; b=y
DKIM-Signature: v=1; a=rsa-sha256; d=relay.example; s=k2; b=y
From: "Watch" <Digest@Watch.example>
To: <reader@inbox.example>
Subject: =?utf-8?b?7J287KO8IOy2nA==?= now
Date: Mon, 03 Nov 2025 07:00:00 +0000
Content-Type: text/plain; charset=utf-8

Weekly digest - No. 12 - and alert No. 3
제7호
https://watch.example/mails/{COPY}
https://alder.example:8443/a?b=c, and http://user@evil.example./x
""".replace("\n", "\r\n").encode()
WAYS = ("No. %(number)s", "제%(number)s호")


def test_a_mail_is_read():
    claims = read_claims(MAIL, WAYS)
    assert (claims.sender, claims.subject) == ("digest@watch.example", "일주 출 now")
    assert claims.date.isoformat() == "2025-11-03T07:00:00+00:00"
    assert claims.signatures == (("watch.example", "s1"), ("relay.example", "k2"))
    assert claims.numbers == (12, 3, 7)
    assert claims.copies == (COPY,)
    assert claims.hosts == {"watch.example", "alder.example", "evil.example"}
    assert claims.lines[0] == "Weekly digest - No. 12 - and alert No. 3"


def test_line_ends_of_a_saved_file_make_no_difference():
    assert read_claims(MAIL.replace(b"\r\n", b"\n"), WAYS) == read_claims(MAIL, WAYS)


@pytest.mark.parametrize(
    "senders", [b"From: a@x.example\r\nFrom: b@x.example\r\n", b"From: a@x.example, b@x.example\r\n", b""]
)
def test_a_mail_with_several_senders_or_none_has_none(senders):
    assert read_claims(senders + b"Subject: x\r\n\r\ntext\r\n").sender == ""


def test_links_of_a_page_are_seen_too():
    page = b'Content-Type: text/html\r\n\r\n<p>No. 5 <a href="https&#58;//evil.example/x">watch.example</a><img src=//spy.example/i></p>'
    claims = read_claims(page, WAYS)
    assert claims.hosts == {"evil.example", "spy.example"}
    assert claims.numbers == (5,)


def test_what_is_said_too_often_is_cut_off():
    many = b"Subject: x\r\n\r\n" + b" ".join(b"No. %d" % n for n in range(1, 400))
    assert len(read_claims(many, WAYS).numbers) == 5


@given(st.binary(max_size=400))
def test_any_bytes_are_a_mail_or_cannot_be_read(raw):
    assert isinstance(attempted(lambda: read_claims(raw, WAYS)), Claims | Unreadable)


# Beside the bulletin

HTML = (Block(b'<p><a href=3D"https://alder.example/">One</a></p>\r\n'), Slot("links"))
REAL = Composition(
    BulletinKind.DIGEST, "en", "Weekly  digest", (Block(b"One story\r\nhttps://alder.example/\r\n"), Slot("phrase"), Block(b"The =\r\nend\r\n")), HTML
)  # fmt: skip
LINES = ("One story", "https://alder.example/", "a phrase of the reader's own", "The end")
SITE = "https://watch.example"


def claims(lines=LINES, subject="Weekly digest", hosts=("alder.example", "watch.example")):
    return Claims(subject=subject, lines=tuple(lines), hosts=frozenset(hosts))


def test_a_mail_that_holds_what_its_readers_share_does_not_differ():
    assert not difference(claims(), REAL, SITE)


def test_what_is_missing_or_leads_elsewhere_is_told():
    other = claims(("One story", "The end is near"), "Wekly digest", ("alder.example", "evil.example"))
    assert difference(other, REAL, SITE) == Difference(subject=True, lines=2, hosts=("evil.example",))


def test_lines_in_another_order_count_as_changed():
    assert difference(claims(reversed(LINES)), REAL, SITE).lines == 2


def test_hosts_are_compared_without_port_user_and_case():
    assert hosts_in("HTTPS://Ann@Alder.Example:8443/x //b.example. http://localhost/ https://") == {
        "alder.example",
        "b.example",
    }
