"""Sorts the mails that readers write: who asks to leave leaves, all else that a person wrote goes to a person."""

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from nkwatch.domain.reply import Handling, Reply, Sorted

#: What stands behind the plus in an address that replies go to: the subscriber's id and its tag, both in base 32.
TAGGED = re.compile(r"([a-z2-7]{1,40})\.([a-z2-7]{16})")


@dataclass(frozen=True, slots=True)
class Wording:
    """How a request to leave is worded; all of it compact (see there), courtesies and prefixes the longest first."""

    requests: frozenset[str]
    #: may stand before and behind a request
    courtesies: tuple[str, ...] = ()
    #: of subjects: Re, Fwd
    prefixes: frozenset[str] = frozenset()

    @classmethod
    def of(cls, requests: Iterator[str], courtesies: Iterator[str], prefixes: Iterator[str]) -> "Wording":
        """The wording in these phrases, as people write them."""
        polite = sorted(map(compact, courtesies), key=len, reverse=True)
        return cls(frozenset(map(compact, requests)), tuple(polite), frozenset(map(compact, prefixes)))

    def asks(self, reply: Reply) -> bool:
        """Whether the subject, or the first line that is more than a courtesy, is a request to leave and no more."""
        lines = (self._bare(compact(line)) for line in reply.lines)
        first = next((line for line in lines if line), "")
        return bool({first, self._bare(compact(self._without_prefixes(reply.subject)))} & self.requests)

    def _bare(self, words: str) -> str:
        """The words without courtesies around them."""
        while words not in self.requests:
            shorter = next((s for polite in self.courtesies if (s := _without(words, polite)) != words), words)
            if shorter == words:
                break
            words = shorter
        return words

    def _without_prefixes(self, subject: str) -> str:
        subject = subject.replace("：", ":")
        while ":" in subject:
            prefix, _, rest = subject.partition(":")
            if compact(prefix).rstrip("0123456789") not in self.prefixes:
                break
            subject = rest
        return subject


@dataclass(frozen=True, slots=True)
class Sorting:
    """Decides on mails. `address` is the one that replies go to, `own` are those that our mails come from.

    `is_tag` tells whether a tag is a subscriber's.
    """

    wording: Wording
    address: str
    own: frozenset[str]
    is_tag: Callable[[str, str], bool]

    def __call__(self, reply: Reply) -> Sorted:
        """What is to be done with this mail."""
        if reply.bounce:
            return Sorted(Handling.BOUNCE)
        if reply.automatic or reply.sender in self.own:
            return Sorted(Handling.IGNORE)
        if not self.wording.asks(reply):
            return Sorted(Handling.PERSON)
        proven = {subscriber for address in reply.recipients if (subscriber := self._proven(address))}
        if len(proven) == 1:  # with two of them, nobody can tell who is meant
            return Sorted(Handling.LEAVE, proven.pop(), asks_to_leave=True)
        return Sorted(Handling.PERSON, asks_to_leave=True)

    def _proven(self, recipient: str) -> str:
        """Whose tag this address of ours carries; empty when it is none, or is not valid."""
        ours, _, domain = self.address.lower().rpartition("@")
        local, _, at = recipient.rpartition("@")
        name, _, tag = local.rpartition("+")
        found = TAGGED.fullmatch(tag) if (name, at) == (ours, domain) else None
        return found[1] if found and self.is_tag(found[1], found[2]) else ""


def compact(text: str) -> str:
    """The letters and digits of `text` in lower case, without accents: what is left when people write carelessly."""
    letters = unicodedata.normalize("NFKD", text.casefold())
    return "".join(c for c in letters if c.isalnum())


def _without(words: str, polite: str) -> str:
    return words.removeprefix(polite) if words.startswith(polite) else words.removesuffix(polite)
