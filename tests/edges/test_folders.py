"""Mail into folders, files and standard output, for trying out."""

import asyncio
import io
import mailbox
import stat
import subprocess
import sys

import pytest

from nkwatch.domain.delivery import Deferred, Message, Refused, Sent
from nkwatch.domain.problems import ConfigError
from nkwatch.mail.folders import FolderRelay
from tests.edges.relaying import Bag, letter


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


async def test_each_message_is_a_file_of_a_maildir_with_its_envelope(tmp_path):
    relay = FolderRelay(f"maildir:{tmp_path}/deep/mails")
    bag = Bag([letter(n) for n in range(3)])
    assert await relay.carry(bag) == ""

    assert relay.connections == 1
    assert bag.kinds == ["Sent"] * 3
    assert len(bag.offered) == 3
    box = mailbox.Maildir(tmp_path / "deep" / "mails", create=False)
    kept = sorted(box.get_bytes(key) for key in box.keys())  # noqa: SIM118 -- a mailbox goes through its messages
    assert kept[1] == (
        b"Return-Path: <bounces@watch.example>\nDelivered-To: reader1@inbox.example\nSubject: 1\n\ntext of 1\n\n"
    )
    await relay.close()


async def test_folders_and_files_are_for_their_owner_alone(tmp_path):
    await FolderRelay(f"maildir:{tmp_path}/mails").hand_over(letter(0))
    await FolderRelay(f"mbox:{tmp_path}/mails.mbox").hand_over(letter(0))

    assert [mode(tmp_path / "mails" / part) for part in ("", "new", "cur", "tmp")] == [0o700] * 4
    assert [mode(path) for path in (tmp_path / "mails" / "new").iterdir()] == [0o600]
    assert mode(tmp_path / "mails.mbox") == 0o600


async def test_a_maildir_tells_the_name_of_the_file(tmp_path):
    outcome = await FolderRelay(f"maildir:{tmp_path}/mails").hand_over(letter(0))

    assert outcome == Sent("250 written to maildir", outcome.relay_id)
    assert outcome.relay_id in next((tmp_path / "mails" / "new").iterdir()).name


async def test_messages_stand_one_after_the_other_in_an_mbox(tmp_path):
    relay = FolderRelay(f"mbox:{tmp_path}/mails.mbox")
    tricky = Message(
        "", "reader9@inbox.example", b"Subject: tricky\r\n\r\nFrom here\r\n>From there\r\n..\r\n", stuffed=True
    )
    await relay.carry(Bag([letter(0), tricky]))
    await relay.hand_over(letter(1))

    box = mailbox.mbox(tmp_path / "mails.mbox", create=False)
    assert [m["Subject"] for m in box] == ["0", "tricky", "1"]
    assert [m["Delivered-To"] for m in box] == [f"reader{n}@inbox.example" for n in (0, 9, 1)]
    assert [m.get_from().split()[0] for m in box] == ["bounces@watch.example", "MAILER-DAEMON", "bounces@watch.example"]
    assert box[1]["Return-Path"] == "<>"
    assert box[1].get_payload() == ">From here\n>>From there\n.\n"
    assert not list(tmp_path.glob("*.lock"))
    box.close()


async def test_standard_output_gets_what_an_mbox_would():
    out = io.BytesIO()
    outcome = await FolderRelay("stdout", out).hand_over(letter(0))

    assert outcome == Sent("250 written to stdout")
    assert out.getvalue().startswith(b"From bounces@watch.example ")
    assert out.getvalue().endswith(b"\ntext of 0\n\n\n")


async def test_standard_output_is_the_programs_own(capsysbinary):
    await FolderRelay("stdout").hand_over(letter(0))

    assert b"text of 0" in capsysbinary.readouterr().out


@pytest.mark.parametrize("recipient", ["a b@inbox.example", "reader", "a@b\n@c"])
async def test_what_is_no_address_is_refused(tmp_path, recipient):
    relay = FolderRelay(f"maildir:{tmp_path}/mails")

    assert isinstance(await relay.hand_over(letter(0, recipient=recipient)), Refused)
    assert not (tmp_path / "mails").exists()


@pytest.mark.parametrize("kind", ["maildir", "mbox"])
async def test_a_place_that_cannot_be_written_is_told_in_a_sentence(tmp_path, kind):
    (tmp_path / "file").write_text("")
    relay = FolderRelay(f"{kind}:{tmp_path}/file/below")
    bag = Bag([letter(n) for n in range(3)])
    why = await relay.carry(bag)

    assert why.startswith(f"{kind}:{tmp_path}/file/below cannot be written: ")
    assert bag.kinds == ["Deferred"]
    assert len(bag.waiting) == 2


async def test_an_mbox_that_somebody_else_keeps_locked_is_left_after_a_while(tmp_path):
    path = tmp_path / "mails.mbox"
    (tmp_path / "mails.mbox.lock").write_text("")
    outcome = await FolderRelay(f"mbox:{path}").hand_over(letter(0))

    assert isinstance(outcome, Deferred)
    assert outcome.line
    assert path.read_bytes() == b""


FULL_DISK = """
import asyncio, resource, sys
from nkwatch.mail.folders import FolderRelay
from tests.edges.relaying import letter
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
relay = FolderRelay(f"mbox:{sys.argv[1]}")
print([type(asyncio.run(relay.hand_over(letter(n, size=7_000)))).__name__ for n in range(4)])
"""


def test_on_a_full_disk_an_mbox_keeps_only_whole_messages(tmp_path):
    path = tmp_path / "mails.mbox"
    ended = subprocess.run([sys.executable, "-c", FULL_DISK, path], capture_output=True, text=True, check=True)

    assert ended.stdout == "['Sent', 'Sent', 'Deferred', 'Deferred']\n"
    box = mailbox.mbox(path, create=False)
    assert [m["Subject"] for m in box] == ["0", "1"]
    assert path.read_bytes().endswith(b"x\n\n")
    box.close()


@pytest.mark.parametrize("place", ["", "maildir", "maildir:", "mbox:", "stdout:here", "smtp:host", "/var/mail"])
def test_a_place_for_no_mail_is_told(place):
    with pytest.raises(ConfigError, match="maildir:FOLDER"):
        FolderRelay(place)


async def test_a_permit_that_never_comes_leaves_nothing_unaccounted_for(tmp_path):
    bag = Bag([letter(0)])

    async def wait(_message):
        raise RuntimeError("stopped")

    bag.wait = wait
    with pytest.raises(RuntimeError):
        await FolderRelay(f"maildir:{tmp_path}/mails").carry(bag)

    assert bag.returned == ["reader0@inbox.example"]
    assert not bag.outcomes


async def test_a_hand_over_that_is_cancelled_is_of_unknown_outcome(tmp_path):
    bag = Bag([letter(0), letter(1)])
    (tmp_path / "mails.mbox.lock").write_text("")
    task = asyncio.create_task(FolderRelay(f"mbox:{tmp_path}/mails.mbox").carry(bag))
    while not bag.offered:
        await asyncio.sleep(0)
    task.cancel()
    await asyncio.gather(task, return_exceptions=True)

    assert bag.kinds == ["Unknown"]
    assert len(bag.waiting) == 1
