"""Messages are signed in processes of their own, and in this one whenever those fail."""

import io
import os
import signal
import sys
from pathlib import Path

import dkim
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from nkwatch.domain.delivery import Message, Sent
from nkwatch.mail.signatory import greeting, request, serve, signature
from nkwatch.mail.signing import DkimSigner, SigningRelay, Unsigned
from tests.edges.bulletins import assembler, claimed, digest
from tests.edges.signed import both, key, records


def message(number=0, sender="news@watch.example"):
    content = assembler(sender=sender).assemble(claimed(digest(), f"r{number}@inbox.example")).content
    return Message("bounce@watch.example", f"r{number}@inbox.example", content, stuffed=True)


def proved(signed, keys):
    """Whether each of the signatures holds."""
    known = {f"{name}.".encode(): record.encode() for name, record in records(*keys).items()}
    mail = dkim.DKIM(signed.content)
    there = sum(name.lower() == b"dkim-signature" for name, _ in mail.headers)
    return [mail.verify(i, lambda name, timeout: known.get(name, b"")) for i in range(there)]


class Signers:
    """Makes signers, and ends what they started."""

    def __init__(self):
        self.made, self.told = [], []

    def __call__(self, keys=None, **given):
        signer = DkimSigner(keys or both(), notice=self.told.append, **given)
        self.made.append(signer)
        return signer


@pytest.fixture
async def signers():
    made = Signers()
    yield made
    for signer in made.made:
        await signer.close()


def process(signer):
    return signer._beside[0]._process


@pytest.mark.parametrize("processes", [0, 1, 2])
async def test_messages_come_back_in_their_order_each_with_signatures_that_hold(signers, processes):
    messages = [message(number) for number in range(40)]
    signed = await signers(processes=processes).signed(messages)

    assert [m.recipient for m in signed] == [m.recipient for m in messages]
    assert all(s.content.endswith(m.content) and s.stuffed for s, m in zip(signed, messages, strict=True))
    assert {(*proved(one, both()),) for one in signed[::7]} == {(True, True)}
    assert signers.told == []


async def test_where_a_message_is_signed_changes_no_octet(signers):
    messages = [message(number) for number in range(3)]
    beside, here = signers(processes=1), signers(processes=0)

    assert await beside.signed(messages) == await here.signed(messages) == await beside.signed(messages)


async def test_nothing_to_sign_is_nothing_to_do(signers):
    signer = signers()

    assert await signer.signed([]) == []
    assert process(signer) is None


@pytest.mark.parametrize("seen", [False, True])
async def test_a_process_that_was_killed_loses_no_message_and_is_replaced(signers, seen):
    signer = signers(keys=[key()])
    [first] = await signer.signed([message()])
    killed = process(signer)
    os.kill(killed._transport.get_pid(), signal.SIGKILL)
    if seen:
        await killed._ended.wait()
    signed = await signer.signed([message(), message(1)])

    assert signed[0] == first
    assert [proved(one, [key()]) for one in signed] == [[True]] * 2
    assert len(signers.told) <= 1
    signer._beside[0]._not_before = 0
    assert await signer.signed([message()]) == [first]
    await signer.signed([message()])
    assert process(signer) is not None


#: Processes that are none of ours: one ends, one hangs, one says too little, one cannot be started.
FAULTY = {
    "ended": (sys.executable, "-c", "raise SystemExit(1)"),
    "hangs": (sys.executable, "-c", "import time; time.sleep(600)"),
    "can be started": ("/nowhere/python",),
}


@pytest.mark.parametrize(("said", "command"), FAULTY.items())
async def test_whatever_a_process_does_messages_are_signed(signers, said, command):
    signer = signers(keys=[key()], command=command, patience=0.3)
    signed = [await signer.signed([message(), message(1)]) for _ in range(2)]

    assert [proved(one, [key()]) for both_ in signed for one in both_] == [[True]] * 4
    assert len(signers.told) == 1, "the next one is not started at once"
    assert said in signers.told[0]
    assert "signed in the main process" in signers.told[0]


async def test_requests_under_way_are_all_answered_when_a_process_ends(signers):
    signer = signers(keys=[key()], command=FAULTY["ended"])
    signed = await signer.signed([message(number) for number in range(40)])

    assert [proved(one, [key()]) for one in signed[::9]] == [[True]] * 5
    assert len(signers.told) == 1


async def test_a_process_ends_with_its_signer_and_not_before(signers):
    signer = signers(keys=[key()])
    await signer.signed([message()])
    running = process(signer)
    for ending in (signal.SIGINT, signal.SIGTERM):
        os.kill(running._transport.get_pid(), ending)
    await signer.signed([message()])

    assert process(signer) is running, "it may still be needed while the rest stops in order"
    await signer.close()
    assert running._transport.get_returncode() == 0
    await signer.close()


async def test_a_process_that_does_not_end_by_itself_is_killed(signers):
    deaf = "import sys, time; from nkwatch.mail.signatory import serve; serve(sys.stdin.buffer, sys.stdout.buffer); time.sleep(600)"
    signer = signers(keys=[key()], command=(sys.executable, "-c", deaf))
    await signer.signed([message()])
    running = process(signer)
    await signer.close()

    assert running._transport.get_returncode() == -signal.SIGKILL


def test_a_process_signs_what_it_is_asked_for_in_order_until_there_is_no_more():
    ders = [one.private.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption()) for one in both()]
    jobs = [(0, b"a" * 32), (1, b"b" * 32), (0, b"c" * 32)]
    wanted = b"".join(signature(both()[i].private, digest) for i, digest in jobs)
    answers = io.BytesIO()
    serve(io.BytesIO(greeting(ders) + request(jobs[:2]) + request(jobs[2:])), answers)

    assert answers.getvalue() == wanted
    with pytest.raises(SystemExit):
        serve(io.BytesIO((greeting(ders) + request(jobs))[:-1]), io.BytesIO())


def test_a_process_takes_keys_of_its_two_kinds_only():
    der = ec.generate_private_key(ec.SECP256R1()).private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())
    with pytest.raises(TypeError, match="another kind"):
        serve(io.BytesIO(greeting([der])), io.BytesIO())


async def test_a_process_takes_little_memory_and_shows_no_key(signers):
    signer = signers()
    await signer.signed([message()])
    folder = Path(f"/proc/{process(signer)._transport.get_pid()}")
    if not folder.exists():
        pytest.skip("no /proc on this machine")
    loaded, shown = (folder / "maps").read_text(), (folder / "cmdline").read_text()

    assert not any(name in loaded for name in ("sqlalchemy", "lxml", "_ssl.", "aiohttp"))
    assert shown.rstrip("\0").split("\0")[-1] == "nkwatch.mail.signatory"


# ---- which keys sign


async def test_a_mail_is_signed_by_the_keys_of_its_senders_domain(signers):
    plain, other = key(domain="plain.example"), key()
    signer = signers(keys=[other, plain], processes=0)

    for sender, by in [
        ("post@plain.example", plain),
        ("post@news.plain.example", plain),
        ("news@watch.example", other),
    ]:
        [signed] = await signer.signed([message(sender=sender)])
        assert signed.content.count(b"DKIM-Signature:") == 1
        assert f"d={by.domain};".encode() in signed.content
        assert proved(signed, [plain, other]) == [True]


async def test_keys_of_the_very_domain_go_before_those_above_and_beneath_it(signers):
    above, beneath = key(), key(domain="news.watch.example")
    signer = signers(keys=[beneath, above], processes=0)

    for sender, by in [("a@watch.example", above), ("a@news.watch.example", beneath), ("a@x.watch.example", above)]:
        [signed] = await signer.signed([message(sender=sender)])
        assert proved(signed, [above, beneath]) == [True]
        assert f"d={by.domain};".encode() in signed.content


async def test_mails_of_two_domains_go_through_one_process_each_with_keys_of_its_own(signers):
    keys = [*both(), key(domain="reading.example"), key("ed25519", domain="reading.example")]
    senders = ["a@watch.example", "b@reading.example"] * 3
    signed = await signers(keys=keys, processes=1).signed([message(n, sender=s) for n, s in enumerate(senders)])

    for one, sender in zip(signed, senders, strict=True):
        named = f"d={sender.partition('@')[2]};".encode()
        assert one.content.count(named) == one.content.count(b"DKIM-Signature:") == 2
        assert proved(one, keys) == [True, True]


async def test_a_mail_of_a_domain_without_a_key_is_signed_by_those_of_the_first(signers):
    signer = signers(keys=[*both(), key(domain="reading.example")], processes=0)
    [signed] = await signer.signed([message(sender="post@explain.example")])

    assert proved(signed, both()) == [True, True]


async def test_fields_that_the_mail_server_rewrites_are_left_out(signers):
    [signed] = await signers(processes=0, left_out=("date", "Message-ID")).signed([message()])

    assert proved(Message("", "", signed.content.replace(b"<abcdefgh@", b"<bcdefghi@")), both()) == [True, True]


def test_a_signer_needs_a_key_and_covers_from():
    with pytest.raises(ValueError, match="needs a key"):
        DkimSigner([])
    with pytest.raises(ValueError, match="covers From"):
        DkimSigner([key()], left_out=("From",))


async def test_without_keys_the_mail_server_signs():
    unsigned = Unsigned()

    assert await unsigned.signed([message()]) == [message()]
    await unsigned.close()


# ---- single messages


class Relay:
    """Takes what it is given."""

    def __init__(self):
        self.taken, self.letters, self.closed = [], [], False

    connections = 3

    async def carry(self, letters):
        self.letters.append(letters)
        return "no relay"

    async def hand_over(self, message):
        self.taken.append(message)
        return Sent("250 ok")

    async def close(self):
        self.closed = True


async def test_a_single_message_is_signed_before_it_is_handed_over(signers):
    inner = Relay()
    relay = SigningRelay(inner, signers(processes=0))

    assert await relay.hand_over(message()) == Sent("250 ok")
    assert proved(inner.taken[0], both()) == [True, True]
    assert relay.connections == 3
    assert (await relay.carry("letters"), inner.letters) == ("no relay", ["letters"])
    await relay.close()
    assert inner.closed
