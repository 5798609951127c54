"""``nkwatch doctor --roundtrip``: a mail to ourselves, fetched back where that can be, and what the way changed."""

import asyncio
import secrets
import time
from pathlib import Path

from nkwatch.assembly.standing import domain_of, prover
from nkwatch.cli.checks import Patient
from nkwatch.cli.mail_checks import relays_of
from nkwatch.cli.output import say
from nkwatch.domain.delivery import Message
from nkwatch.domain.posture import Finding, Severity
from nkwatch.feeds.workers import Workers
from nkwatch.mail.probe import send
from nkwatch.mail.proof import Verdict
from nkwatch.mail.roundtrip import ABOUT, Probe, compared, marker_in, new_marker
from nkwatch.mail.signing import DkimSigner
from nkwatch.net.accounts import Refused
from nkwatch.net.answers import Unreached
from nkwatch.net.dns import Dns
from nkwatch.net.postboxes import Postbox, postbox

#: Seconds that the mail may take, and between two looks.
PATIENCE, PAUSE = 120.0, 3.0
#: Of the mails that nobody has seen, so many of the newest are looked through.
NEWEST = 20
LARGEST = 1_000_000


class RoundTrip:
    """The check that sends a mail."""

    def __init__(self, names: Dns, *, patience: float = PATIENCE, pause: float = PAUSE) -> None:
        self._names = names
        self._patience, self._pause = patience, pause

    async def __call__(self, patient: Patient) -> list[Finding]:
        """Send it, and compare what arrives; where nobody can look, say how to go on."""
        relays, watch = relays_of(patient), patient.config.watch
        if not relays or patient.config.mail.to:
            return [Finding(ABOUT, Severity.ADVICE, "there is no relay to try", "Set mail.host.")]
        marker = new_marker(patient.clock(), secrets.token_hex(8))
        sent = await _made(patient, marker)
        if trouble := await send(relays[0], sent, hello=domain_of(patient.config.mail.sender)):
            return [Finding(ABOUT, Severity.WRONG, trouble, "See what is said of the relay.")]
        password = patient.secrets.canary_password if patient.secrets else ""
        if not (watch.canary and watch.mailbox):
            do = "When it has arrived, save it as a file and run: nkwatch doctor --returned FILE.eml"
            return [Finding(ABOUT, Severity.ADVICE, f"a mail was sent to {patient.config.site.contact}", do)]
        say(f"a mail was sent to the canary; waiting for it up to {self._patience:g} seconds")
        raw = await self._fetched(postbox(watch.mailbox, password), marker)
        if isinstance(raw, bytes):
            return await _compared(patient, sent.content, raw, self._names)
        do = "Look for it there; save it as a file, and run: nkwatch doctor --returned FILE.eml"
        return [Finding(ABOUT, Severity.WRONG, raw, do)]

    async def _fetched(self, box: Postbox, marker: str) -> bytes | str:
        """The mail with this marker; or one sentence why there is none."""
        until, trouble = time.monotonic() + self._patience, "the mail did not arrive at the canary"
        while time.monotonic() < until:
            looked = await box.unseen(lambda ids: list(ids)[-NEWEST:])
            if isinstance(looked, Refused | Unreached):
                trouble = f"the canary's mailbox does not open: {looked.reason}"
            else:
                for mail in (m for m in looked if marker_in(m.raw) == marker):
                    await box.mark_seen([mail.id])
                    return mail.raw
            await asyncio.sleep(self._pause)
        return trouble


async def returned(patient: Patient, file: Path, names: Dns) -> list[Finding]:
    """What the way changed of a mail that somebody saved."""
    try:
        with file.open("rb") as opened:
            raw = opened.read(LARGEST)
    except OSError as wrong:
        return [Finding(ABOUT, Severity.WRONG, f"{file}: {wrong.strerror}", "Name the file of the mail.")]
    if not (marker := marker_in(raw)):
        said = f"{file}: this is no mail of `nkwatch doctor --roundtrip`"
        return [Finding(ABOUT, Severity.WRONG, said, "Save the mail with all its header fields.")]
    try:
        sent = await _made(patient, marker)
    except ValueError as wrong:
        return [Finding(ABOUT, Severity.WRONG, f"{file}: {wrong}", "Save the mail as it is.")]
    return await _compared(patient, sent.content, raw, names)


async def _made(patient: Patient, marker: str) -> Message:
    """The mail with this marker, signed as all mails are."""
    config = patient.config
    recipient = config.watch.canary or config.site.contact
    message = Probe(config.site.name, config.mail.sender, config.return_path, recipient, config.site.url)(marker)
    if not patient.keys or not config.dkim:
        return message
    signer = DkimSigner(patient.keys, config.dkim.leave_out, processes=0)
    return (await signer.signed([message]))[0]


async def _compared(patient: Patient, sent: bytes, received: bytes, names: Dns) -> list[Finding]:
    left_out = patient.config.dkim.leave_out if patient.config.dkim else ()
    async with Workers() as workers:
        proof = await prover(patient.config, patient.keys, workers, names, {})(received)
    why = "" if proof.verdict is Verdict.OURS else f"{proof.reason}{f' ({proof.detail})' if proof.detail else ''}"
    return compared(sent, received, signs=bool(patient.keys), left_out=left_out, verified=why)
