"""Signs messages before they are handed over: with DKIM keys, or not at all where the mail server does it.

The same message gets the same signatures, so that a retry is the same, octet for octet.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Generic, Protocol, TypeVar

from nkwatch.domain.delivery import Handover, Message
from nkwatch.mail.dkim import Draft, Parsed, drafts
from nkwatch.mail.dkim_keys import DkimKey
from nkwatch.mail.signatories import COMMAND, PATIENCE, Signatory
from nkwatch.mail.signatory import Job, signature

L_contra = TypeVar("L_contra", contravariant=True)
#: Messages prepared and asked for at a time: enough to be worth a way, few enough to share the work out.
TOGETHER = 16
#: After so many signatures made in this process, others get their turn.
AT_ONCE = 4


class Signer(Protocol):
    """Proves that messages are ours, or leaves that to the mail server."""

    async def signed(self, messages: Sequence[Message]) -> list[Message]: ...


class Relay(Protocol[L_contra]):
    """Hands messages over to the mail relay; `letters` is a matter between it and who gives them."""

    @property
    def connections(self) -> int: ...
    async def carry(self, letters: L_contra) -> str: ...
    async def hand_over(self, message: Message) -> Handover: ...
    async def close(self) -> None: ...


class Unsigned:
    """Leaves signing to the mail server."""

    async def signed(self, messages: Sequence[Message]) -> list[Message]:
        """The messages as they are."""
        return list(messages)

    async def close(self) -> None:
        """There is nothing to end."""


class DkimSigner:
    """Puts a DKIM signature of each key of the sender's domain before each message (`chosen`).

    `left_out` names header fields that the mail server rewrites, and that are therefore not signed. `processes` is how
    many processes sign beside this one; they start with the first message, and end with `close`. `notice` is told in a
    sentence when one of them ended by itself.
    """

    def __init__(
        self,
        keys: Sequence[DkimKey],
        left_out: Iterable[str] = (),
        processes: int = 1,
        notice: Callable[[str], object] = lambda _: None,
        *,
        command: Sequence[str] = COMMAND,
        patience: float = PATIENCE,
    ) -> None:
        self._keys = tuple(keys)
        self._domains = tuple(key.domain for key in keys)
        self._left_out = frozenset(name.lower().encode() for name in left_out)
        privates = [key.private for key in keys]
        self._beside = [Signatory(privates, notice, command, patience) for _ in range(processes)]
        if not keys or b"from" in self._left_out:
            raise ValueError("a signature needs a key, and covers From (RFC 6376, 5.4)")

    async def signed(self, messages: Sequence[Message]) -> list[Message]:
        """The messages in their order, each with its signatures."""
        if len(messages) <= TOGETHER:
            return await self._signed(messages)
        async with asyncio.TaskGroup() as group:
            starts = range(0, len(messages), TOGETHER)
            shares = [group.create_task(self._signed(messages[i : i + TOGETHER])) for i in starts]
        return [message for share in shares for message in share.result()]

    async def close(self) -> None:
        """End the processes."""
        await asyncio.gather(*(signatory.close() for signatory in self._beside))

    async def _signed(self, messages: Sequence[Message]) -> list[Message]:
        drawn = [self._drawn(message) for message in messages]
        jobs = [(key, draft.digest) for of in drawn for key, draft in of]
        made = iter(await self._signatures(jobs))
        fields = [b"".join([draft.finished(next(made)) for _, draft in of]) for of in drawn]
        return [
            Message(m.sender, m.recipient, field + m.content, m.stuffed)
            for m, field in zip(messages, fields, strict=True)
        ]

    def _drawn(self, message: Message) -> list[tuple[int, Draft]]:
        parsed = Parsed.of(message.content)
        by = chosen(self._domains, parsed.domain)
        return list(zip(by, drafts(parsed, [self._keys[i] for i in by], self._left_out), strict=True))

    async def _signatures(self, jobs: Sequence[Job]) -> list[bytes]:
        if jobs and self._beside:
            least = min(self._beside, key=lambda signatory: signatory.waiting)
            if made := await least.signatures(jobs):
                return made
        return await self._here(jobs)

    async def _here(self, jobs: Sequence[Job]) -> list[bytes]:
        made = []
        for number, (key, digest) in enumerate(jobs):
            if number % AT_ONCE == 0:
                await asyncio.sleep(0)
            made.append(signature(self._keys[key].private, digest))
        return made


class SigningRelay(Generic[L_contra]):
    """A relay that signs the single messages handed over to it: those to editors, and mails that are passed on."""

    def __init__(self, relay: Relay[L_contra], signer: Signer) -> None:
        self._relay = relay
        self._signer = signer

    @property
    def connections(self) -> int:
        """Those of the relay."""
        return self._relay.connections

    async def carry(self, letters: L_contra) -> str:
        """Hand over what `letters` gives: who gives it has it signed."""
        return await self._relay.carry(letters)

    async def hand_over(self, message: Message) -> Handover:
        """Sign a single message and hand it over."""
        [signed] = await self._signer.signed([message])
        return await self._relay.hand_over(signed)

    async def close(self) -> None:
        """Close the relay. The signer is closed by who made it."""
        await self._relay.close()


@lru_cache(maxsize=64)
def chosen(domains: tuple[str, ...], sender: str) -> tuple[int, ...]:
    """Which of the keys of these domains sign mails that come from the domain `sender`, by their places.

    Those of the very domain, else of one above or beneath it: DMARC counts no others. A mail of none of them is signed
    for the first domain; by a second one it would show which belong together.
    """
    by = sender if sender in domains else next((d for d in domains if signs_for(d, sender)), domains[0])
    return tuple(i for i, domain in enumerate(domains) if domain == by)


def signs_for(domain: str, sender: str) -> bool:
    """Whether a signature of this domain proves mails that come from the domain `sender`, as far as names tell."""
    return f".{domain}".endswith(f".{sender}") or f".{sender}".endswith(f".{domain}")
