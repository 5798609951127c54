"""Mails that come back, read from their bytes: what proves whose they are, what is broken, what is hostile."""

import json
import random
from email.message import EmailMessage
from pathlib import Path

import pytest
import typer
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from nkwatch.cli.bounces import bounces_app
from nkwatch.domain.bounce import Bounce, BounceKind
from nkwatch.feeds.workers import Workers
from nkwatch.keys import Keyring
from nkwatch.mail.bounces.elsewhere import second_opinion
from nkwatch.mail.bounces.reading import read_bounce

CORPUS = sorted((Path(__file__).parent.parent / "corpus" / "bounces").rglob("*.eml"))
RING = Keyring({1: b"k" * 32}, 1)
LEAVE = RING.token("leave", "abcdefghij234567")
MIME = "--b\nContent-Type: message/delivery-status\n\n"


def ours(**more: str) -> str:
    fields = {
        "Received": "from watch.example by relay.watch.example (Postfix)\n\twith ESMTPS id 4XkT2p1Wz9zQ7 for <ann@inbox.example>",
        "From": "Korea Watch <digest@watch.example>",
        "To": "<ann@inbox.example>",
        "Message-ID": "<d46.1@watch.example>",
        "List-Unsubscribe": f"<https://watch.example/leave/{LEAVE}>",
    } | {name.replace("_", "-"): value for name, value in more.items()}
    return "".join(f"{name}: {value}\n" for name, value in fields.items())


def returned(note: str, **headers: str) -> bytes:
    given_ = {
        "From": "Mail Delivery System <MAILER-DAEMON@mx.inbox.example>",
        "To": "bounces+token@watch.example",
        "Subject": "Undelivered Mail Returned to Sender",
    } | {name.replace("_", "-"): value for name, value in headers.items()}
    return ("".join(f"{n}: {v}\n" for n, v in given_.items() if v) + "\n" + note).encode()


def report(fields: str, quoted: str = "") -> bytes:
    kind = 'multipart/report; report-type=delivery-status; boundary="b"'
    enclosed = f"\n--b\nContent-Type: message/rfc822\n\n{quoted}\n" if quoted else ""
    return returned(f"{MIME}{fields}\n{enclosed}--b--\n", Content_Type=kind)


FIELDS = "Final-Recipient: rfc822; ann@inbox.example\nAction: failed\nStatus: 5.1.1\n"


def test_the_token_of_the_reader_is_found_where_our_header_is_quoted():
    bounce = read_bounce(report(FIELDS, ours()))
    assert bounce.leave_tokens == (LEAVE,)
    assert RING.subject("leave", bounce.leave_tokens[0], None) == "abcdefghij234567"
    assert bounce.message_ids == ("<d46.1@watch.example>",)
    assert "4XkT2p1Wz9zQ7" in bounce.relay_ids


@pytest.mark.parametrize(
    "mark", ["--- Below this line is a copy of the message.", "   ----- Unsent message follows -----"]
)
@pytest.mark.parametrize("margin", ["", "> ", "  "])
def test_it_is_found_in_a_copy_below_the_note_too(mark, margin):
    quoted = "".join(f"{margin}{line}\n" for line in ours().splitlines())
    bounce = read_bounce(returned(f"<ann@inbox.example>:\nuser unknown\n\n{mark}\n\n{quoted}"))
    assert (bounce.kind, bounce.leave_tokens, bounce.message_ids) == (
        BounceKind.HARD,
        (LEAVE,),
        ("<d46.1@watch.example>",),
    )


def test_a_folded_field_is_read_whole():
    folded = f"\n <https://watch.example/leave/{LEAVE}>"
    assert read_bounce(report(FIELDS, ours(List_Unsubscribe=folded))).leave_tokens == (LEAVE,)


def test_a_link_in_the_text_of_a_mail_proves_nothing():
    note = f"ann@inbox.example: user unknown\nhttps://watch.example/leave/{LEAVE}\n"
    assert not read_bounce(returned(note)).leave_tokens


def test_the_address_that_a_bounce_was_sent_to_is_kept_and_is_no_recipient():
    bounce = read_bounce(returned("<bounces+token@watch.example>\n\nann@inbox.example: user unknown\n"))
    assert bounce.sent_to == ("bounces+token@watch.example",)
    assert bounce.recipients == ("ann@inbox.example",)


def test_the_reason_holds_no_address_and_is_short():
    bounce = read_bounce(report(FIELDS + f"Diagnostic-Code: smtp; 550 5.1.1 <ann@inbox.example>: {'unknown ' * 90}\n"))
    assert "ann" not in bounce.reason
    assert len(bounce.reason) <= 200


def test_of_several_recipients_the_gravest_are_told():
    soft = "Final-Recipient: rfc822; bo@inbox.example\nAction: failed\nStatus: 5.2.2\n"
    bounce = read_bounce(report(f"Reporting-MTA: dns; mx.example\n\n{soft}\n{FIELDS}"))
    assert (bounce.kind, bounce.recipients, bounce.status) == (BounceKind.HARD, ("ann@inbox.example",), "5.1.1")


def test_a_delay_is_never_the_end():
    delayed = read_bounce(report(FIELDS.replace("failed", "delayed")))
    assert (delayed.kind, delayed.final) == (BounceKind.SOFT, False)
    assert read_bounce(report(FIELDS)).final
    assert read_bounce(report(FIELDS.replace("5.1.1", "4.2.2"))).final


def test_of_a_delay_and_a_failure_the_failure_counts():
    delayed = "Final-Recipient: rfc822; bo@inbox.example\nAction: delayed\nStatus: 4.4.1\n"
    full = FIELDS.replace("5.1.1", "5.2.2")
    both = read_bounce(report(f"{delayed}\n{full}"))
    assert (both.kind, both.final) == (BounceKind.SOFT, True)
    assert not read_bounce(report(f"{delayed}\n{FIELDS.replace('failed', 'delayed')}")).final


@pytest.mark.parametrize(
    "note",
    [
        "Warning: could not send message for past 4 hours",
        "THIS IS A WARNING MESSAGE ONLY. Will keep trying until message is 5 days old",
        "It will be retried until it is 5 days old.",
        "This message has not yet been delivered. Delivery attempts will continue.",
        "The delivery of your message has been delayed; the server will keep trying.",
        "Zustellung verzögert: weitere Zustellversuche folgen",
        "La remise est retardée, de nouvelles tentatives suivront",
        "La entrega se ha retrasado y el servidor seguirá intentando",
        "配信が遅れています。",
        "메일 전송이\n지연되고 있습니다",
        "邮件投递已延迟，系统将继续尝试",
    ],
)
def test_a_note_that_a_server_goes_on_trying_is_not_final(note):
    told_ = read_bounce(returned(f"{note}\n\nann@inbox.example\n", Subject="Delivery status notification"))
    assert (told_.kind, told_.final, told_.recipients) == (BounceKind.SOFT, False, ("ann@inbox.example",))


@pytest.mark.parametrize(
    "note",
    [
        "Delivery delayed for 5 days. I'm giving up now: message timed out in the queue.",
        "The message was delayed and will not be retried.",
        "Message could not be delivered for 5 days. Message will be deleted from queue",
        "552 mailbox full, please try again later",
        "retry timeout exceeded",
    ],
)
def test_a_server_that_gave_up_has_spoken_its_last_word(note):
    told_ = read_bounce(returned(f"ann@inbox.example: {note}\n"))
    assert (told_.kind, told_.final) == (BounceKind.SOFT, True)


def test_no_such_mailbox_is_final_whatever_else_is_said():
    assert read_bounce(report(FIELDS, ours())).final
    gone = read_bounce(returned("ann@inbox.example: user unknown; we will retry for days and will try again\n"))
    assert (gone.kind, gone.final) == (BounceKind.HARD, True)


def test_parts_are_found_by_the_boundary_that_there_is():
    broken = report(FIELDS, ours()).replace(b'boundary="b"', b'boundary="other"')
    named_twice = report(FIELDS, ours()).replace(b'boundary="b"', b'boundary="b" Message-Id: <a@mx.example>')
    for raw in (broken, named_twice):
        bounce = read_bounce(raw)
        assert (bounce.kind, bounce.recipients, bounce.leave_tokens) == (
            BounceKind.HARD,
            ("ann@inbox.example",),
            (LEAVE,),
        )


def test_where_there_are_no_parts_the_text_is_read():
    bounce = read_bounce(returned("ann@inbox.example: user unknown\n", Content_Type="multipart/report"))
    assert (bounce.kind, bounce.recipients) == (BounceKind.HARD, ("ann@inbox.example",))


def test_blank_lines_before_the_header_do_no_harm():
    assert read_bounce(b"\n" + b" " * 200 + b"\r\n" + report(FIELDS)).recipients == ("ann@inbox.example",)


@pytest.mark.parametrize("action", ["delivered", "relayed", "expanded"])
def test_a_report_of_success_is_a_receipt(action):
    assert read_bounce(report(FIELDS.replace("failed", action).replace("5.1.1", "2.0.0"))).kind is BounceKind.AUTO_REPLY


def test_the_address_that_we_wrote_to_comes_before_the_one_it_was_passed_on_to():
    found = read_bounce(report("Original-Recipient: rfc822; ann@inbox.example\n" + FIELDS.replace("ann@", "ann.lee@")))
    assert found.recipients == ("ann@inbox.example",)


def test_a_report_in_a_report_of_a_gateway_is_read():
    inner = report(FIELDS, ours()).decode()
    outer = f"--o\nContent-Type: text/plain\n\nSee below.\n\n--o\nContent-Type: message/rfc822\n\n{inner}\n--o--\n"
    bounce = read_bounce(returned(outer, Content_Type='multipart/mixed; boundary="o"'))
    assert (bounce.kind, bounce.leave_tokens) == (BounceKind.HARD, (LEAVE,))


def test_a_note_that_names_nobody_is_about_whom_the_quoted_mail_went_to():
    bounce = read_bounce(returned("The user is unknown.\n\n----- Original message -----\n" + ours()))
    assert (bounce.kind, bounce.recipients) == (BounceKind.HARD, ("ann@inbox.example",))


def test_a_mail_of_amazon_ses_is_known_by_the_name_that_it_was_given():
    name = "0102018c1a2b3c4d-5e6f7a8b-000000"
    quoted = ours(Message_ID=f"<{name}@eu-west-1.amazonses.com>")
    assert name in read_bounce(report(FIELDS, quoted)).relay_ids


def test_an_automatic_reply_names_the_mail_that_it_answers():
    reply = returned(
        "I am away.", From="ann@inbox.example", Subject="Automatic reply", In_Reply_To="<d46.1@watch.example>"
    )
    bounce = read_bounce(reply)
    assert (bounce.kind, bounce.message_ids) == (BounceKind.AUTO_REPLY, ("<d46.1@watch.example>",))


def test_who_left_and_lets_a_program_say_so_has_not_bounced():
    text = "This mailbox does not exist any more, I no longer work here."
    reply = returned(
        text, From="ann@inbox.example", Subject="Auto: week 46", Return_Path="<>", Auto_Submitted="auto-replied"
    )
    assert read_bounce(reply).kind is BounceKind.AUTO_REPLY


def test_a_mail_that_was_rejected_by_a_receipt_is_no_receipt():
    raw = next(p for p in CORPUS if p.stem == "read-receipt").read_bytes()
    refused = raw.replace(
        b"Your message was read on Monday.", b"Your message to <ann@inbox.example> was rejected: Quota exceeded"
    )
    refused = refused.replace(b"Ann Lee <ann@", b"Mail Delivery <postmaster@").replace(
        b"Read: Week 46", b"Rejected mail"
    )
    assert read_bounce(refused).kind is BounceKind.SOFT


def test_a_person_who_encloses_a_bounce_has_not_bounced():
    message = EmailMessage()
    message["From"], message["To"], message["Subject"] = "bo@inbox.example", "us@watch.example", "Undelivered mail?"
    message.set_content("What does this mean? It could not be delivered.")
    message.add_attachment(report(FIELDS), maintype="application", subtype="octet-stream")
    assert read_bounce(message.as_bytes()).kind is BounceKind.NONE


def test_the_second_opinion_is_silent_on_what_it_cannot_read(capfd):
    assert second_opinion(b"Content-Type: multipart/report\n\n\xff") == ()
    for file in CORPUS:
        second_opinion(file.read_bytes())
    assert capfd.readouterr() == ("", "")


def holds(bounce: Bounce) -> bool:
    lists = (bounce.sent_to, bounce.recipients, bounce.leave_tokens, bounce.message_ids, bounce.relay_ids)
    return all(len(found) <= 50 for found in lists) and len(bounce.reason) <= 200 and len(bounce.status) <= 8


@given(st.binary(max_size=3_000))
def test_any_bytes_are_read_without_an_error(raw):
    assert holds(read_bounce(raw))


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**9))
def test_broken_bounces_are_read_without_an_error(seed):
    dice = random.Random(seed)
    raw = bytearray(dice.choice(CORPUS).read_bytes())
    for _ in range(dice.randint(1, 40)):
        at, size = dice.randrange(len(raw)), dice.randint(0, 30)
        raw[at : at + size] = dice.choice([b"", dice.randbytes(size), raw[:size] * 3, b"\n" * size, b"--b\n", b"\x00"])
    assert holds(read_bounce(bytes(raw)))


@pytest.mark.parametrize(
    "body",
    [
        b"a@" * 300_000,
        b" " * 600_000,
        b"\n" * 600_000,
        b"-" * 600_000,
        b"user unknown " * 50_000,
        b"Final-Recipient: rfc822; ann@inbox.example\n" * 20_000,
        b"Diagnostic-Code: x\n" + b" y\n" * 200_000,
        b"<" * 600_000,
        b"".join(b"person%d@inbox.example: user unknown\n" % n for n in range(20_000)),
    ],
    ids=["addresses", "spaces", "lines", "dashes", "words", "fields", "folds", "brackets", "recipients"],
)
def test_bombs_are_read_within_bounds(body):
    assert holds(read_bounce(returned("") + body))


def test_parts_in_parts_without_end_are_given_up():
    bomb = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\n\n--%d\n' % (n, n) for n in range(20_000))
    assert read_bounce(bomb) == Bounce()


async def test_it_can_be_read_in_a_worker():
    async with Workers() as workers:
        assert await workers.run(read_bounce, report(FIELDS, ours())) == read_bounce(report(FIELDS, ours()))


#: The command as it stands in ours.
APP = typer.Typer()
APP.add_typer(bounces_app, name="bounces")


def told(*arguments: str, given_: bytes = b"") -> list[dict]:
    ended = CliRunner().invoke(APP, ["bounces", "read", *arguments], input=given_, env={"NO_COLOR": "1"})
    assert ended.exit_code == 0, ended.output
    return [json.loads(line) for line in ended.stdout.splitlines()]


def test_the_command_reads_a_mail_from_standard_input():
    record = told("-", given_=report(FIELDS))[0]
    assert record == {
        "file": "-",
        "kind": "hard",
        "final": True,
        "recipients": ["ann@inbox.example"],
        "status": "5.1.1",
        "reason": record["reason"],
    }


def test_the_command_reads_folders_maildirs_and_mbox_files_in_order(tmp_path):
    for name in ("cur", "new", "tmp"):
        (tmp_path / "dir" / name).mkdir(parents=True)
    (tmp_path / "dir" / "new" / "2").write_bytes(report(FIELDS))
    (tmp_path / "dir" / "cur" / "1:2,S").write_bytes(b"From: ann@inbox.example\n\nHello\n")
    both = b"From MAILER-DAEMON Mon Nov 16 07:00:00 2026\n" + report(FIELDS) + b"\n"
    (tmp_path / "box").write_bytes(both + both)
    (tmp_path / "mails").mkdir()
    (tmp_path / "mails" / "a.eml").write_bytes(report(FIELDS))
    (tmp_path / "mails" / "README.md").write_text("no mail")
    assert [r["kind"] for r in told(str(tmp_path / "dir"))] == ["none", "hard"]
    assert [(Path(r["file"]).name, r["kind"]) for r in told(str(tmp_path / "box"))] == [
        ("box#1", "hard"),
        ("box#2", "hard"),
    ]
    assert [Path(r["file"]).name for r in told(str(tmp_path / "mails"))] == ["a.eml"]
    assert [r["kind"] for r in told(str(tmp_path / "mails" / "a.eml"))] == ["hard"]


def test_the_command_says_when_there_is_nothing_to_read(tmp_path):
    ended = CliRunner().invoke(APP, ["bounces", "read", str(tmp_path / "nowhere")], env={"NO_COLOR": "1"})
    assert ended.exit_code == 1
    assert "there is no such file or folder" in ended.stderr
    assert ended.stdout == ""
