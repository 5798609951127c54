"""The morning's mail to the operator, in both of its forms."""

import asyncio
import email
import email.policy
from datetime import UTC, date, datetime, timedelta

import html5lib
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.delivery import Refused, Sent
from nkwatch.domain.notice import Noticed
from nkwatch.domain.week import WEEK, Figures, Week
from nkwatch.editing.notices import matters
from nkwatch.mail.blocks import Blocks
from nkwatch.mail.informing import MOST, Informing
from nkwatch.mail.locales import Locale
from nkwatch.mail.pen import Pen
from nkwatch.mail.templates import Templates
from nkwatch.mail.views import Names

NOW = datetime(2026, 11, 23, 8, 12, tzinfo=UTC)
TODAY = date(2026, 11, 23)
MONDAY = datetime(2026, 11, 23, tzinfo=UTC)
WEEKLY = Week(
    MONDAY - WEEK, MONDAY, Figures(polls=12_345, alerts=2, worst=timedelta(minutes=55)), Figures(polls=11_000),
    (("fides-it", "silent"),), 5012, 14, NOW - timedelta(hours=30), 12_300_000_000, (("nkwatch", "0.1.0"),),
)  # fmt: skip
BLOCKS = Blocks(
    Templates({"en": Locale("en", {})}),
    Names("https://watch.example", {}, {}, {}),
    {"site": "https://watch.example", "host": "watch.example", "name": "NK Digest", "contact": "", "neutral": False},
)


class Postbox:
    """A relay that keeps what it is given."""

    def __init__(self):
        self.kept = []

    async def hand_over(self, message):
        self.kept.append(message)
        return Sent("250 OK")


def noticed(event, times=1, **facts):
    return Noticed(event, tuple(facts.items()), NOW - timedelta(hours=9), NOW - timedelta(hours=1), times)


def informed(*notices, week=None, day=TODAY, operator="ops@watch.example"):
    relay = Postbox()
    pen = Pen(
        relay=relay,
        blocks=BLOCKS,
        languages=frozenset({"en"}),
        name="NK Digest",
        sender="news@watch.example",
        return_path="bounce@watch.example",
        clock=lambda: NOW,
    )
    informing = Informing(pen, operator, "https://watch.example")
    return asyncio.run(informing.tell(day, matters(notices), week)), relay.kept


def mail(*notices, **given):
    _, (message,) = informed(*notices, **given)
    return email.message_from_bytes(message.content, policy=email.policy.default)


def texts(message):
    plain, page = (message.get_body((kind,)).get_content().replace("\r\n", "\n") for kind in ("plain", "html"))
    shown = "".join(html5lib.parse(page, namespaceHTMLElements=False).find("body").itertext())
    return " ".join(plain.split()), " ".join(shown.split()), page


def test_it_goes_to_the_operator_and_asks_no_machine_for_an_answer():
    answer, (message,) = informed(noticed("page failed"))
    assert answer == Sent("250 OK")
    assert (message.sender, message.recipient) == ("bounce@watch.example", "ops@watch.example")
    read = email.message_from_bytes(message.content, policy=email.policy.default)
    assert read["To"] == "ops@watch.example"
    assert read["Auto-Submitted"] == "auto-generated"
    assert read.get_content_type() == "multipart/alternative"
    assert not read.defects


def test_the_mail_of_one_morning_has_one_name():
    first, again = mail(noticed("page failed")), mail(noticed("alert late"))
    other = mail(noticed("page failed"), day=date(2026, 11, 24))
    assert first["Message-ID"] == again["Message-ID"] != other["Message-ID"]


@pytest.mark.parametrize(
    ("notices", "week", "subject"),
    [
        (["publish failed", "page failed"], None, "NK Digest: 1 to do, Monday 23 November 2026"),
        (["page failed"], None, "NK Digest: 1 to look at, Monday 23 November 2026"),
        ([], WEEKLY, "NK Digest: all is well, and the week, Monday 23 November 2026"),
    ],
)
def test_the_subject_says_whether_there_is_anything_to_do(notices, week, subject):
    assert mail(*map(noticed, notices), week=week)["Subject"] == subject


def test_both_forms_tell_the_same_what_happened_how_often_and_what_to_do():
    told = mail(noticed("deliver.bulk failed", 12, why="disk I/O error"), noticed("alert late", number="17"))
    plain, shown, _ = texts(told)
    for text in (plain, shown):
        assert text.index("alert late") < text.index("deliver.bulk failed (12 times)")
        assert "why: disk I/O error" in text
        assert "2026-11-22 23:12 to 2026-11-23 07:12 UTC" in text
        assert "nkwatch doctor" in text
        assert "The week" not in text.replace("THE WEEK", "The week")


def test_the_week_stands_beside_the_week_before():
    plain, shown, page = texts(mail(week=WEEKLY))
    assert "Polls: 12,345 (11,000)" in plain
    assert "Polls12,34511,000" in shown.replace(" ", "")
    for text in (plain, shown):
        assert "fides-it (silent)" in text
        assert "1 d 6 h ago" in text
        assert "Nothing to tell since the last mail." in text
    assert 'scope="row"' in page


def test_of_very_many_kinds_the_first_are_told_and_the_others_counted():
    plain, shown, _ = texts(mail(*(noticed(f"strange thing {n:03}") for n in range(MOST + 3))))
    for text in (plain, shown):
        assert "strange thing 039" in text
        assert "strange thing 040" not in text
        assert "and 3 more kinds" in text


def test_an_address_that_cannot_be_mailed_is_refused_without_being_named():
    answer, kept = informed(operator="no address", week=WEEKLY)
    assert isinstance(answer, Refused)
    assert "no address" not in answer.reply
    assert kept == []


@given(st.text(st.sampled_from("<>&\"'{}%=\r\n.\x00\ue000\ue001 aé한"), max_size=60))
def test_nothing_that_happened_can_change_the_form_of_the_mail(value):
    told = mail(noticed(f"event {value}", why=value))
    plain, _, page = texts(told)
    assert not told.defects
    assert [part.get_content_type() for part in told.iter_parts()] == ["text/plain", "text/html"]
    assert len(html5lib.parse(page, namespaceHTMLElements=False).findall(".//h2")) == 1
    assert "To look at".upper() in plain
