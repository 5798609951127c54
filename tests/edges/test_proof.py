"""Whether a mail is ours: only a valid signature of our domain on a mail from our address says so."""

from functools import cache

import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from nkwatch.domain.delivery import Message
from nkwatch.domain.posture import Absent, Answered, Unreached
from nkwatch.feeds.workers import Workers, attempted
from nkwatch.mail.dkim_keys import DkimKey, new_key
from nkwatch.mail.proof import Prover, Reason, Verdict
from nkwatch.mail.signing import DkimSigner

MAIL = """\
From: Watch <digest@watch.zz>
To: <reader@inbox.example>
Subject: Weekly digest
Date: Mon, 03 Nov 2025 07:00:00 +0000
Message-ID: <1@watch.zz>
Feedback-ID: 12::digest:watch
MIME-Version: 1.0
Content-Type: text/plain; charset=utf-8

Weekly digest
No. 12
""".replace("\n", "\r\n").encode()


@cache
def key(domain="watch.zz", selector="s1"):
    return DkimKey(domain, selector, load_pem_private_key(new_key("rsa"), None))


async def signed(content=MAIL, *keys):
    signer = DkimSigner(keys or (key(),), processes=0)
    [message] = await signer.signed([Message("b@watch.zz", "reader@inbox.example", content)])
    return message.content


class Here:
    """Workers without processes; what is raised becomes a value all the same."""

    async def run(self, function, *args, **kwargs):
        return attempted(lambda: function(*args, **kwargs))


class Dns:
    def __init__(self, answer=None):
        self.answer, self.asked = answer or Absent(), []

    async def txt(self, name):
        self.asked.append(name)
        return self.answer


def prover(names=None, keys=None, workers=None, senders=("digest@watch.zz",), **more):
    keys = {key().name: key().record} if keys is None else keys
    return Prover(
        workers or Here(),
        names or Dns(),
        keys,
        frozenset({"watch.zz"}),
        frozenset(senders),
        ("No. %(number)s",),
        **more,
    )


async def test_a_mail_that_we_signed_is_ours():
    names = Dns()
    proof = await prover(names)(await signed())
    assert (proof.verdict, proof.reason, proof.signed_by) == (Verdict.OURS, Reason.SIGNED, ("watch.zz",))
    assert proof.claims.numbers == (12,)
    assert names.asked == []


async def test_saved_with_other_line_ends_it_is_still_ours():
    proof = await prover()((await signed()).replace(b"\r\n", b"\n"))
    assert proof.verdict is Verdict.OURS


async def test_a_key_that_we_had_before_is_looked_up():
    names = Dns(Answered((key("watch.zz", "old").record,)))
    proof = await prover(names)(await signed(MAIL, key("watch.zz", "old")))
    assert (proof.verdict, names.asked) == (Verdict.OURS, ["old._domainkey.watch.zz"])


@pytest.mark.parametrize("change", [(b"No. 12", b"No. 13"), (b"Weekly digest\r\nDate", b"Yearly digest\r\nDate")])
async def test_a_mail_that_was_changed_is_not_ours_any_more(change):
    proof = await prover()((await signed()).replace(*change))
    assert (proof.verdict, proof.reason) == (Verdict.ALTERED, Reason.BROKEN)
    assert proof.detail


async def test_a_copy_without_our_signature_is_not_ours_whatever_stands_in_it():
    proof = await prover()(MAIL)
    assert (proof.verdict, proof.reason) == (Verdict.NOT_OURS, Reason.UNSIGNED)
    assert proof.claims.numbers == (12,)


async def test_a_signature_of_somebody_else_is_none_of_ours_and_nobody_is_asked_for_its_key():
    names = Dns(Answered((key("evil.zz", "s1").record,)))
    proof = await prover(names)(await signed(MAIL, key("evil.zz", "s1")))
    assert (proof.verdict, names.asked) == (Verdict.NOT_OURS, [])


async def test_another_key_than_ours_proves_nothing():
    proof = await prover(keys={key().name: key("watch.zz", "old").record})(await signed())
    assert proof.verdict is Verdict.ALTERED


async def test_a_mail_of_ours_from_another_address_is_no_bulletin():
    proof = await prover(senders=("alerts@watch.zz",))(await signed())
    assert (proof.verdict, proof.reason, proof.signed_by) == (Verdict.NOT_OURS, Reason.OTHER_SENDER, ("watch.zz",))
    doubled = b"From: Evil <evil@evil.zz>\r\n" + await signed()
    assert (await prover()(doubled)).verdict is not Verdict.OURS


async def test_where_the_key_cannot_be_looked_up_nothing_is_said():
    proof = await prover(Dns(Unreached("No name server answered in time.")), keys={})(await signed())
    assert (proof.verdict, proof.reason) == (Verdict.UNKNOWN, Reason.NO_ANSWER)
    withdrawn = await prover(Dns(Absent()), keys={})(await signed())
    assert withdrawn.verdict is Verdict.ALTERED


async def test_nobody_is_asked_more_than_a_few_names():
    many = b"".join(b"DKIM-Signature: v=1; a=rsa-sha256; d=watch.zz; s=x%d; b=y\r\n" % n for n in range(50))
    names = Dns()
    await prover(names, keys={})(many + MAIL)
    assert len(names.asked) <= 5


async def test_without_settings_it_says_who_signed():
    names = Dns(Answered((key().record,)))
    anybody = Prover(Here(), names, {}, frozenset(), anybody=True)
    proof = await anybody(await signed())
    assert (proof.verdict, proof.signed_by) == (Verdict.OURS, ("watch.zz",))
    assert (await anybody(MAIL)).verdict is Verdict.NOT_OURS


async def test_hostile_bytes_are_looked_at_in_a_process_that_can_be_killed():
    async with Workers() as workers:
        prove = prover(workers=workers)
        assert (await prove(await signed())).verdict is Verdict.OURS
        for raw in (b"", b"\0" * 1000, b"\xff\r\n" * 1000, b"From: " + b"(" * 100_000):
            assert (await prove(raw)).verdict is Verdict.NOT_OURS
