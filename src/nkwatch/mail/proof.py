"""Whether a mail is ours: only a valid signature of our domain on a mail from our address says so.

A number, a name, a link or a phrase can be copied by anybody, and prove nothing.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import ParamSpec, Protocol

from nkwatch.domain.posture import Answered, Looked, Unreached, is_reserved
from nkwatch.mail.claims import Claims, read_claims
from nkwatch.mail.verifying import Verified, verify

P = ParamSpec("P")
#: Names that are asked about for one mail: a signature of ours now, and of a key that we had before.
MOST_ASKED = 4


class Verdict(StrEnum):
    """What can be said of a mail."""

    OURS = "ours"
    #: it carries a signature in our name, which does not fit: it was changed on its way, or forged
    ALTERED = "altered"
    NOT_OURS = "not ours"
    #: the key that it names could not be looked up
    UNKNOWN = "unknown"


class Reason(StrEnum):
    """Why."""

    SIGNED = "signed"
    BROKEN = "broken signature"
    UNSIGNED = "no signature"
    OTHER_SENDER = "other sender"
    NO_ANSWER = "no answer"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Proof:
    """What was found. `signed_by` are the domains of valid signatures; `detail` says more, in one sentence."""

    verdict: Verdict
    reason: Reason
    claims: Claims = field(default_factory=Claims)
    signed_by: tuple[str, ...] = ()
    detail: str = ""


class Workers(Protocol):
    """Processes that can be killed; what comes back is of another kind where one was."""

    async def run(self, function: Callable[P, object], *args: P.args, **kwargs: P.kwargs) -> object: ...


class Names(Protocol):
    """Looks TXT records up."""

    async def txt(self, name: str) -> Looked: ...


@dataclass(frozen=True, slots=True)
class Prover:
    """`keys` are the records of keys that we sign with, by their names; `domains` are those that sign for us.

    `senders` are the addresses of our mails, in small letters; empty where any will do. `numbered` are the ways to name
    a bulletin (see `read_claims`). With `anybody`, whose signature it is does not count.
    """

    workers: Workers
    names: Names
    keys: Mapping[str, str]
    domains: frozenset[str]
    senders: frozenset[str] = frozenset()
    numbered: Sequence[str] = ()
    anybody: bool = False

    async def __call__(self, raw: bytes) -> Proof:
        """Look at a mail. Never raises for what is in it."""
        claims = await self.workers.run(read_claims, raw, tuple(self.numbered))
        if not isinstance(claims, Claims):
            return Proof(Verdict.NOT_OURS, Reason.UNREADABLE)
        wanted = [key for key in claims.signatures if self.anybody or key[0] in self.domains][:MOST_ASKED]
        if not wanted:
            return Proof(Verdict.NOT_OURS, Reason.UNSIGNED, claims)
        looked = {
            f"{selector}._domainkey.{domain}": await self._record(domain, selector) for domain, selector in wanted
        }
        records = {name: record for name, record in looked.items() if isinstance(record, str)}
        checked = await self.workers.run(verify, raw, records, frozenset(domain for domain, _ in wanted))
        if not isinstance(checked, Verified):
            return Proof(Verdict.NOT_OURS, Reason.UNREADABLE, claims)
        return self._judged(claims, checked, unreached=any(isinstance(r, Unreached) for r in looked.values()))

    def _judged(self, claims: Claims, checked: Verified, *, unreached: bool) -> Proof:
        numbers = dict.fromkeys((*([checked.number] if checked.number else []), *claims.numbers))
        claims = replace(claims, numbers=tuple(numbers))
        by = tuple(dict.fromkeys(s.domain for s in checked.signatures if s.valid))
        if checked.ours and (not self.senders or claims.sender in self.senders):
            return Proof(Verdict.OURS, Reason.SIGNED, claims, by)
        if checked.ours:
            return Proof(Verdict.NOT_OURS, Reason.OTHER_SENDER, claims, by)
        if unreached:
            return Proof(Verdict.UNKNOWN, Reason.NO_ANSWER, claims, by)
        return Proof(Verdict.ALTERED, Reason.BROKEN, claims, by, checked.reason)

    async def _record(self, domain: str, selector: str) -> str | Unreached:
        """The record of a key: ours as we know it, any other as the DNS has it; empty where there is none."""
        name = f"{selector}._domainkey.{domain}"
        if name in self.keys or is_reserved(domain):
            return self.keys.get(name, "")
        looked = await self.names.txt(name)
        return looked if isinstance(looked, Unreached) else looked.records[0] if isinstance(looked, Answered) else ""
