"""How editors are told that an alert waits."""

import asyncio
import email
import email.policy
import re
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.delivery import Deferred, Refused, Sent
from nkwatch.domain.desk import Editor
from nkwatch.domain.reading import Evidence, Sighting, Urgency
from nkwatch.domain.source import Role
from nkwatch.domain.story import AlertState
from nkwatch.mail.blocks import Blocks
from nkwatch.mail.calling import Calling
from nkwatch.mail.locales import Locale
from nkwatch.mail.pen import Pen
from nkwatch.mail.templates import Templates
from nkwatch.mail.views import Names
from nkwatch.mail.widths import columns
from tests.edges.bulletins import SOURCES, report, story
from tests.edges.test_alerting import HOSTILE, MASS, PLACES, danger, extreme

MINA = Editor("Mina Berg", "mina@desk.example")
WAITING = story(
    MASS,
    report("ko", "단둥에서 수백 명 송환", source="batang", role=Role.PRESS),
    name="0a1b2c3d4e5f",
    alert=AlertState.HELD,
    alert_reason="alder may not raise alerts without an editor",
)


class Postbox:
    """A relay that keeps what it is given."""

    def __init__(self, answer=None):
        self.kept = []
        self.answer = answer or Sent("250 OK")

    async def hand_over(self, message):
        self.kept.append(message)
        return self.answer


def blocks():
    locales = {code: Locale(code, {}) for code in ("en", "ko")}
    names = Names("https://watch.example", {}, SOURCES, {place.code: place for place in PLACES})
    return Blocks(Templates(locales), names, {"name": "nkwatch", "neutral": False, "host": "watch.example"})


BLOCKS = blocks()


def called(of=WAITING, editor=MINA, calls=0, *, relay=None, after=timedelta(minutes=35), sender="news@watch.example"):
    relay = relay or Postbox()
    pen = Pen(
        relay=relay,
        blocks=BLOCKS,
        languages=frozenset({"en", "ko"}),
        name="nkwatch",
        sender=sender,
        return_path="bounce@watch.example",
        clock=lambda: of.ready_at + after,
    )
    calling = Calling(pen, "https://watch.example/")
    return asyncio.run(calling.call(editor, of, calls)), relay


def mail(*given, **named):
    _, relay = called(*given, **named)
    return email.message_from_bytes(relay.kept[0].content, policy=email.policy.default)


def words(*given, **named):
    return mail(*given, **named).get_content().replace("\r\n", "\n")


def test_a_call_says_what_waits_why_and_how_long():
    text = words()

    assert text.startswith("Forced return: about 600 people, Dandong (China). Alder Rights Desk, 2\nNovember 2025.\n\n")
    for told in (
        "Hundreds sent back over the bridge at Dandong\nAlder Rights Desk, 2 November 2025, 11:00 UTC · Urgent\n",
        "단둥에서 수백 명 송환\n바탕인권모임, 2 November 2025, 11:00 UTC\n",
        "It has waited for 35 minutes, since 3 November 2025, 06:00 UTC.",
        "Why it waits: alder may not raise alerts without an editor",
        "Words that made it urgent:\n    “sent back”\n",
        "All reports of this story (watch.example):\nhttps://watch.example/stories/0a1b2c3d4e5f\n",
        "\nnkwatch alert release 0a1b2c3d4e5f --by 'Mina Berg'\n",
        "\nnkwatch alert withhold 0a1b2c3d4e5f --by 'Mina Berg'\n",
    ):
        assert told in text
    assert "\n\n\n" not in text
    assert all(columns(line) <= 72 for line in text.splitlines() if "://" not in line and "alert " not in line)


def test_a_call_is_plain_text_from_the_service_to_one_editor():
    outcome, relay = called()
    message = mail()

    assert outcome == Sent("250 OK")
    assert [(m.sender, m.recipient) for m in relay.kept] == [("bounce@watch.example", "mina@desk.example")]
    assert message["From"] == "nkwatch <news@watch.example>"
    assert message["To"] == "mina@desk.example"
    assert message["Subject"] == "Alert waits: Hundreds sent back over the bridge at Dandong"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["Date"] == "Mon, 03 Nov 2025 06:35:00 +0000"
    assert message.get_content_type() == "text/plain"
    assert not [name for name in message if name.lower().startswith("list-")]


def test_no_link_in_a_call_acts():
    text = words()

    assert re.findall(r"\w+://\S+", text) == ["https://watch.example/stories/0a1b2c3d4e5f"]
    assert "No link in this mail does either" in text


def test_a_second_call_says_that_nobody_has_decided():
    assert "Nobody has decided" not in words()
    assert "you are called again" in words(calls=1)
    assert "so you are told too" in words(editor=replace(MINA, second=True), calls=1)


def test_the_same_call_is_the_same_mail_and_another_is_not():
    first = mail()["Message-ID"]

    assert mail(after=timedelta(hours=2))["Message-ID"] == first
    assert mail(calls=1)["Message-ID"] != first
    assert mail(editor=Editor("Jun", "jun@desk.example"))["Message-ID"] != first
    assert mail(replace(WAITING, id="other"))["Message-ID"] != first


@pytest.mark.parametrize(("language", "told"), [("ko", "단둥 (중국)"), ("xx", "Dandong (China)")])
def test_an_editor_is_called_in_a_language_that_there_is(language, told):
    message = mail(editor=replace(MINA, language=language))

    assert told in " ".join(message.get_content().split())
    assert message["Content-Language"] == ("ko" if language == "ko" else "en")


def test_what_the_relay_says_is_handed_on():
    assert called(relay=Postbox(Deferred("451 later")))[0] == Deferred("451 later")


@pytest.mark.parametrize("address", ["", "mina", "a@b>\r\nBcc: x@y", "a@\ud800.example"])
def test_an_editor_without_a_valid_address_is_refused_and_nothing_is_sent(address):
    outcome, relay = called(editor=replace(MINA, address=address))

    assert isinstance(outcome, Refused)
    assert outcome.reply.startswith("Mina Berg: ")
    assert not relay.kept


def test_a_host_with_other_letters_is_written_in_punycode():
    message = mail(editor=replace(MINA, address="mina@테스트.example"), sender="news@감시.example")

    assert message["To"] == "mina@xn--9t4b11yi5a.example"
    assert message["From"] == "nkwatch <news@xn--439a954b.example>"
    assert message["Message-ID"].endswith("@xn--439a954b.example>")


def test_of_many_reports_some_are_told_and_the_rest_counted():
    many = (report(id=f"r{n:03}", publisher=f"Paper {n}", source="batang", title=f"Report {n}") for n in range(300))
    text = words(story(MASS, *many))

    assert "Report 8\n" in text
    assert "Report 9\n" not in text
    assert "and 291 more" in text


def test_without_a_fact_cues_reason_address_and_date_a_call_still_tells_the_rest():
    bare = report(title="", url="", text="", estimated=True)
    text = words(story(bare), after=timedelta(seconds=-9))

    assert text.startswith("Alder Rights Desk\n\nThis alert waits")
    assert "Alder Rights Desk, no usable date given\n" in text
    assert "It has waited for 0 minutes" in text
    for absent in ("Why it waits", "Words that made it urgent", "\n\n\n"):
        assert absent not in text


def test_cues_are_told_once_and_only_those_of_urgent_reports():
    def cued(*phrases, **given):
        one = report(**given)
        found = tuple(Evidence("text", 0, len(p), p) for p in phrases)
        return replace(one, reading=replace(one.reading, urgency_evidence=found))

    of = story(
        cued("sent back", "at once", "sent back", " ", id="a", urgency=Urgency.URGENT),
        cued("long ago", id="b"),
        cued("at once", *(f"cue {n}" for n in range(50)), id="c", urgency=Urgency.URGENT),
    )
    text = words(of)

    assert text.count("“sent back”") == text.count("“at once”") == 1
    assert "long ago" not in text
    assert text.count("    “") == 12


def test_commands_can_be_pasted_into_a_shell():
    text = words(editor=replace(MINA, name="Seán O'Neill; rm -rf /"))

    assert "\nnkwatch alert release 0a1b2c3d4e5f --by 'Seán O'\"'\"'Neill; rm -rf /'\n" in text


def test_the_danger_without_which_it_would_not_be_urgent_comes_before_other_words():
    one = report(id="a", urgency=Urgency.URGENT)
    sent, soon = Evidence("text", 9, 18, "sent back"), Evidence("text", 0, 4, "soon")
    read = replace(one.reading, urgency_evidence=(soon,), dangers=(Sighting("forced_return", sent),))

    assert "    “sent back”\n    “soon”\n" in words(story(replace(one, reading=read)))


@pytest.mark.parametrize("title", [HOSTILE, "أعيد مئات \u202e\u2066", "x" * 5000, "ᄀ" * 3000, "=?utf-8?q?=0D=0Ax?="])
def test_a_hostile_statement_adds_nothing_to_the_mail(title):
    of = extreme(title)
    of = replace(of, alert_reason=title)
    _, relay = called(of, replace(MINA, name=title))
    content = relay.kept[0].content
    message = email.message_from_bytes(content, policy=email.policy.default)

    assert message.keys() == mail().keys()
    assert columns(message["Subject"]) <= 120
    assert content.isascii()
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert not re.search("[\u202e\u2066\u2028\x00\ue000]", message.get_content() + message["Subject"])


@given(st.text(), st.text(), st.text())
def test_whatever_is_written_a_call_is_one_mail_with_the_same_fields(title, name, reason):
    of = replace(story(danger("sent back", title=title, publisher=name), name="s" * 12), alert_reason=reason)
    _, relay = called(of, Editor(name, "mina@desk.example"))

    for policy in (email.policy.default, email.policy.compat32):
        message = email.message_from_bytes(relay.kept[0].content, policy=policy)
        assert message.keys() == mail().keys()
        assert not message.defects


def test_a_long_wait_is_told_in_days():
    assert "It has waited for 1 day" in words(after=timedelta(days=1))
