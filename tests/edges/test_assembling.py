"""The bytes of a message, read by two parsers."""

import email
import email.policy
import quopri
from dataclasses import replace
from email.header import decode_header, make_header
from email.headerregistry import Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.bulletin import Block, BulletinKind, Composition, Slot
from nkwatch.domain.desk import Note
from nkwatch.domain.subscriber import Choice, Edition, Format
from nkwatch.domain.surroundings import Surroundings
from nkwatch.mail.assemble import Sender
from nkwatch.mail.headers import field, mailbox, text_field
from tests.edges.bulletins import (
    NOW,
    URGENT,
    WEEK,
    WEEKLY,
    alert,
    assembler,
    claimed,
    confirmation,
    digest,
    move_new,
    move_old,
    report,
    settings,
    shared,
    slots,
    story,
)


def composed(kind, *, language="en", form=Format.HTML, neutral=False):
    edition, note = Edition(language, form, neutral), Note((("en", "It was wrong."),), "Mina Berg", NOW)
    if kind is BulletinKind.LULL:
        return shared().lull(Surroundings(WEEK), 8, Choice(schedule=WEEKLY, edition=edition))
    return shared().correction(kind, 8, 3, note, URGENT, edition)


def alert_correction(**given):
    return composed(BulletinKind.ALERT_CORRECTION, **given)


def digest_correction(**given):
    return composed(BulletinKind.DIGEST_CORRECTION, **given)


def lull(**given):
    return composed(BulletinKind.LULL, **given)


KINDS = [digest, alert, confirmation, settings, move_old, move_new, alert_correction, digest_correction, lull]
BULLETINS = pytest.mark.parametrize("make", [digest, alert, alert_correction, digest_correction, lull])
EVERY_KIND = pytest.mark.parametrize("make", KINDS, ids=lambda make: make().kind.value)
LETTERS = pytest.mark.parametrize("make", KINDS[2:6], ids=lambda make: make().kind.value)
HOSTILE = "Seven held\r\nBcc: all@list.example\r\n\r\n<script>\x85\u2028\x0b\x0c\x00 =?utf-8?q?=0D=0Ax?= {{ 7*7 }}"


def assembled(composition, **given):
    return assembler().assemble(replace(claimed(composition), **given)).content


def new(content):
    return email.message_from_bytes(content, policy=email.policy.default)


def old(content):
    return email.message_from_bytes(content, policy=email.policy.compat32)


def bodies(message):
    return {p.get_content_type(): p.get_payload(decode=True) for p in message.walk() if not p.is_multipart()}


@EVERY_KIND
def test_two_parsers_read_the_same_message(make):
    content = assembled(make())
    modern, classic = new(content), old(content)

    assert not modern.defects
    assert all(not part.defects for part in (*modern.walk(), *classic.walk()))
    assert not any(v.defects for v in modern.values())
    assert modern.keys() == classic.keys()
    assert modern["Subject"] == str(make_header(decode_header(classic["Subject"]))) == make().subject
    assert bodies(modern) == bodies(classic)
    assert modern.get_content_type() == "multipart/alternative"
    assert list(bodies(modern)) == ["text/plain", "text/html"]


@EVERY_KIND
def test_lines_are_short_and_end_with_crlf_and_all_is_ascii(make):
    content = assembled(make(language="ko"))

    assert content.isascii()
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert b"\r" not in content.replace(b"\r\n", b"")
    assert max(map(len, content.split(b"\r\n"))) <= 998
    assert not any(line.startswith(b".") for line in content.split(b"\r\n"))


def test_a_bulletin_has_the_headers_that_filters_and_robots_look_for():
    message = new(assembled(digest()))

    assert message["From"].addresses == (Address("nkwatch", "news", "watch.example"),)
    assert message["To"].addresses == (Address("", "reader", "inbox.example"),)
    assert message["Date"] == "Mon, 03 Nov 2025 07:00:00 +0000"
    assert message["Message-ID"] == "<abcdefgh@watch.example>"
    assert message["Auto-Submitted"] == "auto-generated"
    assert message["X-Auto-Response-Suppress"] == "OOF"
    assert message["MIME-Version"] == "1.0"
    assert message["Content-Language"] == "en"
    assert len(message.keys()) == len({k.lower() for k in message})


@BULLETINS
def test_leaving_takes_one_step_and_the_address_is_plain_for_every_client(make):
    content = assembled(make(), subscriber_id="s" * 120)

    assert f"List-Unsubscribe: <https://watch.example/leave/leave.{'s' * 120}.t>\r\n".encode() in content
    assert b"\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n" in content


def test_alerts_and_digests_are_different_lists():
    assert new(assembled(digest()))["List-Id"] == "nkwatch digests <digests.watch.example>"
    assert new(assembled(alert()))["List-Id"] == "nkwatch alerts <alerts.watch.example>"


def test_a_correction_is_on_the_list_of_what_it_corrects_and_silence_on_that_of_digests():
    of = {
        make: new(assembled(make()))["List-Id"] for make in (digest, alert, alert_correction, digest_correction, lull)
    }

    assert of[alert_correction] == of[alert]
    assert of[digest_correction] == of[lull] == of[digest]


@BULLETINS
def test_every_bulletin_can_be_left_changed_and_passed_on(make):
    text = bodies(new(assembled(make())))["text/plain"].decode()

    for link in ("leave/leave.sub1.t", "manage/manage.sub1.t", "mails/c0ffee"):
        assert f"\r\nhttps://watch.example/{link}\r\n" in text


# ---- what belongs together

EARLIER = "<zyxwvut@watch.example>"


@BULLETINS
@pytest.mark.parametrize("neutral", [False, True])
def test_a_mail_that_answers_an_earlier_one_stands_beside_it(make, neutral):
    content = assembled(make(neutral=neutral), answers=EARLIER)

    for message in (new(content), old(content)):
        assert message["In-Reply-To"] == message["References"] == EARLIER
        assert message["Message-ID"] == "<abcdefgh@watch.example>"
    assert "In-Reply-To" not in new(assembled(make()))
    assert "References" not in new(assembled(make()))


@LETTERS
def test_what_concerns_one_subscription_answers_nothing(make):
    assert assembled(make(), answers=EARLIER) == assembled(make())


@pytest.mark.parametrize(
    "answers",
    ["zyx", "<zyx>", "<a@b> <c@d>", "<a@b>\r\nBcc: <c@d>", "<a b@c>", "<é@b>", f"<{'a' * 2000}@b>", "<a@b\u2028>"],
)
def test_what_is_no_message_id_is_never_named(answers):
    assert assembled(alert(), answers=answers) == assembled(alert())


@LETTERS
@pytest.mark.parametrize("neutral", [False, True])
def test_what_concerns_one_subscription_belongs_to_no_list_and_no_robot_answers_it(make, neutral):
    message = new(assembled(make(neutral=neutral)))

    assert not [name for name in message if name.lower().startswith("list-")]
    assert message["Auto-Submitted"] == "auto-generated"


def test_the_link_of_a_confirmation_works_for_two_days():
    message = new(assembled(confirmation()))
    link = "https://watch.example/confirm/confirm.sub1.202511050700"

    assert link in message.get_body(("plain",)).get_content()
    assert f'href="{link}"' in message.get_body(("html",)).get_content()


# ---- neutral mails, and replies

NEUTRAL = {"neutral": Sender("Reading list", "post@plain.example")}


@EVERY_KIND
def test_a_neutral_mail_comes_from_the_neutral_sender(make):
    message = new(assembler(**NEUTRAL).assemble(claimed(make(neutral=True))).content)

    assert message["From"].addresses == (Address("Reading list", "post", "plain.example"),)
    header = "".join(f"{name}: {value}\n" for name, value in message.items() if name != "Message-ID")
    assert "nkwatch" not in header.lower()
    assert not any(word in header for word in ("Korea", "Seven", "digest.", "alerts"))


def test_neutral_lists_name_nothing_and_are_told_apart():
    by = assembler(**NEUTRAL)
    makes = (digest, lull, digest_correction, alert, alert_correction)
    lists = [new(by.assemble(claimed(make(neutral=True))).content)["List-Id"] for make in makes]

    assert lists == ["Reading list <list.plain.example>"] * 3 + ["Reading list <notes.plain.example>"] * 2


def test_without_an_address_of_its_own_a_neutral_mail_keeps_the_usual_one():
    message = new(assembled(digest(neutral=True)))

    assert message["From"].addresses == (Address("Reading list", "news", "watch.example"),)
    assert message["List-Id"] == "Reading list <list.watch.example>"


@EVERY_KIND
def test_replies_go_to_an_address_that_tells_whose_they_are(make):
    by = assembler(replies="replies@watch.example", reply_tag=lambda subject: f"tag{subject}")
    message = new(by.assemble(claimed(make())).content)

    assert message["Reply-To"].addresses == (Address("", "replies+sub1.tagsub1", "watch.example"),)
    assert "Reply-To" not in new(assembled(make()))


def test_slots_are_filled_and_leave_nothing_behind_where_there_is_no_value():
    message = new(assembled(digest()))
    text = message.get_body(("plain",)).get_content()
    page = message.get_body(("html",)).get_content()

    assert "https://watch.example/leave/leave.sub1.t" in text.splitlines()
    assert 'href="https://watch.example/leave/leave.sub1.t"' in page
    assert "\ue000" not in text + page


def test_lines_of_the_reader_are_text_in_both_bodies():
    lines = (("phrase", "<b>&amp; heron\r\n.\r\nBcc: all@list.example"), ("reasons_story0000000001", "because \ud800"))
    message = new(assembled(digest(), slots=lines))
    page = message.get_body(("html",)).get_content()

    assert "&lt;b&gt;&amp;amp; heron . Bcc: all@list.example</div>" in page
    assert "<b>&amp; heron . Bcc: all@list.example" in message.get_body(("plain",)).get_content().splitlines()
    assert ">because</div>" in page


def test_no_link_of_another_purpose_is_in_a_mail_whatever_its_slots_say():
    lines = (("leave_url", "https://lure.example/"), ("settings_url", "https://lure.example/"))

    assert b"lure" not in assembled(digest(), slots=lines)


def test_a_text_only_message_is_plain_text():
    message = new(assembled(digest(form=Format.TEXT)))

    assert message.get_content_type() == "text/plain"
    assert not message.is_multipart()
    assert "Seven held at the border" in message.get_content()


@EVERY_KIND
def test_a_retry_is_the_same_message_octet_for_octet(make):
    first = assembler().assemble(claimed(make()))
    tried = replace(claimed(make()).delivery, attempts=3, reply="451 later")

    assert assembler().assemble(replace(claimed(make()), delivery=tried)) == first
    lines = slots(phrase="heron")
    assert assembled(make(), slots=lines) == assembled(make(), slots=lines)


def test_the_envelope_names_one_reader_and_our_return_path():
    message = assembler().assemble(claimed(digest()))

    assert (message.sender, message.recipient) == ("bounce@watch.example", "reader@inbox.example")


@EVERY_KIND
@pytest.mark.parametrize("neutral", [False, True])
def test_where_bounces_are_read_the_envelope_says_whose_mail_came_back(make, neutral):
    by = assembler(bounces="back@watch.example", envelope=lambda delivery: f"token{delivery}")
    given = claimed(make(neutral=neutral))

    assert by.assemble(given).sender == "back+token1@watch.example"
    assert by.assemble(given).content == assembler().assemble(given).content
    other = assembler(bounces="back@테스트.example", envelope=lambda delivery: "t").assemble(given)
    assert other.sender == "back+t@xn--9t4b11yi5a.example"


@EVERY_KIND
def test_the_content_can_go_over_the_line_as_it_is(make):
    assert assembler().assemble(claimed(make())).stuffed


def test_providers_count_bulletins_by_number_and_kind_and_letters_by_kind():
    found = {make: new(assembled(make()))["Feedback-ID"] for make in (digest, alert, confirmation)}

    assert found == {
        digest: "12::digests:watchexample",
        alert: "12::alerts:watchexample",
        confirmation: "::letters:watchexample",
    }
    neutral = new(assembler(**NEUTRAL).assemble(claimed(digest(neutral=True))).content)
    assert neutral["Feedback-ID"] == "12::list:plainexample"


def test_one_assembler_keeps_compositions_of_one_name_apart():
    by, one, other = assembler(), claimed(digest()), claimed(alert())
    made = [by.assemble(c).content for c in (one, other, one)]

    assert made == [assembler().assemble(c).content for c in (one, other, one)]
    assert one.composition_id == other.composition_id


def test_a_link_that_is_too_long_for_its_field_ends_that_mail_alone():
    with pytest.raises(ValueError, match="List-Unsubscribe is longer than 998"):
        assembler(link=lambda *_: "x" * 990).assemble(claimed(digest()))


def test_two_readers_differ_in_nothing_but_what_is_theirs():
    one = assembled(digest()).decode()
    other = assembled(digest(), subscriber_id="sub2", address="other@inbox.example").decode()

    assert other.replace("sub2", "sub1").replace("other@", "reader@") == one


@pytest.mark.parametrize("make", [digest, alert])
def test_a_hostile_statement_cannot_add_a_header_or_a_part(make):
    of = story(report(title=HOSTILE, text=HOSTILE, publisher=HOSTILE), *URGENT.reports[1:])
    content = assembled(make((of,)) if make is digest else make(of))
    harmless = assembled(make((URGENT,)) if make is digest else make(URGENT))

    for read in (new, old):
        assert read(content).keys() == read(harmless).keys()
        assert list(bodies(read(content))) == ["text/plain", "text/html"]
        assert "bcc" not in read(content)
    assert "{{ 7*7 }}" in bodies(new(content))["text/plain"].decode()


def test_an_address_with_more_in_it_cannot_add_a_header():
    content = assembled(digest(), address="a@inbox.example>\r\nBcc: <b@inbox.example")

    assert new(content).keys() == new(assembled(digest())).keys()


def test_a_domain_with_other_letters_is_written_in_punycode():
    assert b"\r\nTo: <reader@xn--9t4b11yi5a.example>\r\n" in assembled(digest(), address="reader@테스트.example")


def test_the_boundary_cannot_occur_in_a_body():
    blocks = (Block(b"--=3D_x\r\n"),)
    content = assembled(Composition(BulletinKind.DIGEST, "en", "s", blocks, (*blocks, Slot("phrase"))))
    boundary = new(content).get_boundary()

    assert boundary.startswith("=_")
    assert quopri.decodestring(b"=_") == b"=_"
    assert content.count(b"--" + boundary.encode()) == 3


ANYTHING = st.text(max_size=60) | st.text('\r\n\t :<>@,;"=?\x00\u2028\ud800é북a.', max_size=60)


def plain_fields(content):
    """The names of the header's fields and the types of the parts, as two parsers see them."""
    return [([*message.keys()], [*bodies(message)]) for message in (new(content), old(content))]


@given(st.sampled_from(KINDS), st.booleans(), st.lists(ANYTHING, min_size=14, max_size=14))
def test_no_field_of_a_delivery_or_setting_can_add_a_header_or_a_part(make, neutral, any_):
    composition = replace(make(neutral=neutral), subject=any_[0], language=any_[1])
    named = assembler(
        name=any_[2],
        neutral=Sender(any_[3], "post@plain.example"),
        replies="replies@watch.example",
        reply_tag=lambda subject: any_[4],
        link=lambda *purpose: any_[5],
    )
    given = claimed(composition, any_[6], (("phrase", any_[7]), ("everything", any_[8]), (any_[9], any_[9])))
    given = replace(given, subscriber_id=any_[10], composition_id=any_[11], answers=any_[13])
    given = replace(given, delivery=replace(given.delivery, message_id=f"<{any_[12]}@watch.example>"))
    usual = assembler(replies="replies@watch.example", reply_tag=lambda subject: "tag").assemble(claimed(make()))
    content = named.assemble(given).content

    assert plain_fields(content) == plain_fields(usual.content)
    assert named.assemble(given).content == content
    assert b"\n" not in content.replace(b"\r\n", b"")
    assert max(map(len, content.split(b"\r\n"))) <= 998


@given(st.text())
def test_a_header_field_is_one_line_whatever_is_put_into_it(value):
    line = field("X-Test", value.encode("utf-8", "replace").decode()[:200])

    assert line.endswith(b"\r\n")
    assert len(line.splitlines()) == 1
    assert line.decode().splitlines() == [line.decode()[:-2]]


@given(st.text(st.characters(exclude_categories=["Cs"])))
def test_a_subject_survives_the_way_through_encoded_words(subject):
    line = text_field("Subject", subject)

    assert all(len(part) <= 76 for part in line.split(b"\r\n"))
    assert line.isascii()
    read = str(make_header(decode_header(old(line + b"\r\n")["Subject"])))
    assert read.split() == without_breaks(subject).split()


def without_breaks(text):
    return "".join(" " if c < " " or "\x7f" <= c <= "\x9f" or c in "\u2028\u2029" else c for c in text)


def test_a_field_that_is_too_long_for_a_line_is_a_mistake_of_ours():
    with pytest.raises(ValueError, match="longer than 998"):
        field("X-Test", "x" * 1000)


@pytest.mark.parametrize("name", ["nkwatch", "nkwatch, Seoul", 'The "watch"', "북한 인권", "a@b", ""])
def test_a_senders_name_is_shown_as_it_is(name):
    message = new(f"From: {mailbox(name, 'news@watch.example')}\r\n\r\n".encode())

    assert message["From"].addresses[0].display_name == name
    assert message["From"].addresses[0].addr_spec == "news@watch.example"
    assert not message["From"].defects
