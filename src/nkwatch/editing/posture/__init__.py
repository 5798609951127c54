"""How easily others can write in our name, by what stands in the DNS: SPF, DKIM, DMARC."""

from nkwatch.domain.posture import Answers, Finding, Identity, Severity, Unreached
from nkwatch.editing.posture.dkim import dkim
from nkwatch.editing.posture.dmarc import PLACE, aligned, dmarc, policy, proposed, unreached, walk, weakness
from nkwatch.editing.posture.spf import spf

__all__ = ["impersonable", "judged", "questions"]

ALIGNMENT = "alignment"


def questions(identity: Identity) -> frozenset[str]:
    """The names whose TXT records are needed to judge."""
    domains = {identity.sender, identity.return_path, *(k.domain for k in identity.keys)}
    policies = {f"{PLACE}{at}" for domain in domains for at in walk(domain)}
    return frozenset({identity.return_path, *(k.name for k in identity.keys), *policies})


def judged(identity: Identity, answers: Answers) -> list[Finding]:
    """What was found about an identity. `answers` holds an answer for each of `questions`."""
    found = spf(identity.return_path, answers[identity.return_path], identity.relay)
    for key in identity.keys:
        found += dkim(key, answers[key.name])
    return [*found, *dmarc(identity, answers), *_alignment(identity, answers)]


def impersonable(identity: Identity, answers: Answers) -> str | Unreached:
    """One sentence that says why anybody can send mail in our name, and what to do; empty where nobody can.

    Whether mails of the mail server's own signing are aligned is not known here: that stops nothing.
    """
    if why := unreached(identity.sender, answers):
        return Unreached(why)
    weak = weakness(identity.sender, answers) or _unproved(identity, answers)
    if isinstance(weak, Unreached) or not weak:
        return weak
    todo = f'publish at {PLACE}{identity.sender} the TXT record "{proposed(identity)}" and see `nkwatch doctor`'
    return f"Anybody can send mail in the name of {identity.address}: {weak}; {todo}, or set mail.impersonable = true."


def _alignment(identity: Identity, answers: Answers) -> list[Finding]:
    """Whether signature and return path prove what the From field says."""
    if why := unreached(identity.sender, answers):
        return [Finding(ALIGNMENT, Severity.ADVICE, why, "Try again later.")]
    by_path = _path_aligned(identity, answers)
    if _signed(identity, answers):
        also = ", and by its return path" if by_path else ""
        return [Finding(ALIGNMENT, Severity.FINE, f"mail of {identity.address} is proved by its signature{also}")]
    if identity.keys:
        severity = Severity.ADVICE if by_path else Severity.WRONG
        do = f"Sign for {identity.sender} (dkim.domain or [[dkim.also]]), or mail from the domain that is signed for."
        return [Finding(ALIGNMENT, severity, _unsigned(identity), do)]
    said = f"the mail server is to sign for {identity.sender}; whether it does is not known here"
    return [Finding(ALIGNMENT, Severity.ADVICE, said, "Run `nkwatch doctor --roundtrip`, or set [dkim].")]


def _unproved(identity: Identity, answers: Answers) -> str | Unreached:
    """Why neither signature nor return path proves what the From field says."""
    if not identity.keys or _signed(identity, answers) or _path_aligned(identity, answers):
        return ""
    # which names belong together is not known without all answers
    unknown = next((looked for looked in answers.values() if isinstance(looked, Unreached)), None)
    return unknown or _unsigned(identity)


def _unsigned(identity: Identity) -> str:
    domains = ", ".join(sorted({k.domain for k in identity.keys}))
    return f"its signature, of {domains}, does not prove mail from {identity.sender}"


def _signed(identity: Identity, answers: Answers) -> bool:
    mode = _mode(identity, answers, "adkim")
    return any(aligned(identity.sender, key.domain, mode, answers) for key in identity.keys)


def _path_aligned(identity: Identity, answers: Answers) -> bool:
    return aligned(identity.sender, identity.return_path, _mode(identity, answers, "aspf"), answers)


def _mode(identity: Identity, answers: Answers, tag: str) -> str:
    holds = policy(identity.sender, answers)
    return holds.tags.get(tag, "r").lower() if holds else "r"
