"""What a refused or returned mail means: whether its mailbox is gone for good, and when a run of returns is enough."""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta
from itertools import takewhile

from nkwatch.domain.bounce import BounceKind, Fate
from nkwatch.editing import bounce_gone as gone_words
from nkwatch.editing import bounce_words as words

#: So many letters of an answer are looked at: reasons stand at the beginning.
LONGEST_ANSWER = 4_000
#: Enhanced codes (RFC 3463, RFC 7505; Microsoft's own) for a mailbox or a domain that is not there.
GONE = frozenset({"5.1.1", "5.1.2", "5.1.3", "5.1.6", "5.1.10", "5.2.1", "5.1.351", "5.4.310"})
#: Codes with these beginnings say only that it failed, or that somebody did not know why.
VAGUE = ("0.", "3.0", "5.0", "1.0", "2.0", "4.0", "7.0")
#: A mailbox is not given up for less: a full one is emptied after a holiday, a broken server repaired within days.
FEWEST_RETURNS, SHORTEST_RUN = 3, timedelta(days=14)
#: Servers try for up to five days before they say that they failed (RFC 5321, 4.5.4.1).
ON_THE_WAY = timedelta(days=5)

_ADDRESS = re.compile(r"<?[\w.!#$%&'*+/=?^`{|}~-]{1,80}@[\w.-]{1,255}>?")
_ENHANCED = re.compile(r"(?<![\w.])[#(]?([245]\.[0-7]\.(?:0|[1-9]\d{0,2}))(?![\w.]*\d)")
_REPLY = re.compile(r"(?<![\d.:/\w])([45]\d\d)(?=[ :;,)\-#]|$)")
#: In the middle of an answer of several lines: "550-5.1.1 ".
_CONTINUED = re.compile(r"(?<![\d.])[45]\d\d-(?:[45]\.\d\.\d{1,3})? ?")
_QUOTES = str.maketrans({"’": "'", "‘": "'", "`": "'", "\u00ad": None, "\u200b": None})
#: Sendmail's word for what the other server said; what it writes below is often its own guess at the meaning.
_SERVER_SAID = re.compile(r"\(reason: (.{3,600}?)\)(?= *(?:\n|$))", re.DOTALL)
_RETURNED = frozenset({BounceKind.HARD, BounceKind.SOFT})


def kind_of(status: str, said: str, told: str = "") -> BounceKind:
    """HARD or SOFT, for a mail that was not delivered.

    `status` is an enhanced code (RFC 3463) or empty, `said` what the server said, `told` all that the report tells;
    the latter only counts where the former says nothing. What nobody can tell is SOFT: a wrong HARD ends
    somebody's subscription.
    """
    own = _SERVER_SAID.search(said[:LONGEST_ANSWER])
    return (own and _verdict("", own[1])) or _verdict(status, said) or _verdict(status, told) or BounceKind.SOFT


def of_reply(reply: str) -> BounceKind:
    """HARD where our relay's own answer says that there is no such mailbox, else SOFT."""
    return kind_of("", reply)


def is_explicit(text: str) -> bool:
    """Whether `text` says in words or codes why a mail was not delivered."""
    return _verdict("", text) is not None or bool(status_in(text))


def status_in(text: str) -> str:
    """The first enhanced code of a failure in `text` that says something, else the first; may be empty."""
    codes = [code for code in _ENHANCED.findall(text[:LONGEST_ANSWER]) if not code.startswith("2")]
    return next((code for code in codes if not _vague(code)), codes[0] if codes else "")


def run_out(fates: Sequence[Fate], now: datetime | None = None) -> bool:
    """Whether returned mails end a subscription. `fates` are of all deliveries accepted, the newest first.

    All that were accepted from the first to the last of a run came back, three at least, over two weeks at least.
    Newer ones count as not yet known for five days, from `now` or else from the newest of them.
    """
    last = next((fate.accepted_at for fate in fates if fate.bounce in _RETURNED), None)
    if last is None:
        return False
    settled = max(last, (now or fates[0].accepted_at) - ON_THE_WAY)
    run = list(takewhile(lambda fate: fate.bounce in _RETURNED, (f for f in fates if f.accepted_at <= settled)))
    return len(run) >= FEWEST_RETURNS and run[0].accepted_at - run[-1].accepted_at >= SHORTEST_RUN


def _verdict(status: str, answer: str) -> BounceKind | None:
    """What the answer says; None where it says nothing."""
    text = _plain(answer)
    code = _decisive(status, text)
    if not text and not code:
        return None
    compact = text.replace(" ", "")
    if words.FULL.search(text) or words.FULL_COMPACT.search(compact) or words.SENDER.search(text):
        return BounceKind.SOFT
    refused = bool(words.BLOCKED.search(text) or words.BLOCKED_COMPACT.search(compact))
    later = bool(words.LATER.search(text) or words.LATER_COMPACT.search(compact))
    gone = bool(gone_words.GONE.search(text) or gone_words.GONE_COMPACT.search(compact))
    if _transient(code, text) or (gone and _doubtful(code, text, refused=refused)):
        return BounceKind.SOFT
    if gone or (code in GONE and not (refused or later)):
        return BounceKind.HARD
    if refused or later or not _vague(code):
        return BounceKind.SOFT
    return BounceKind.HARD if gone_words.LIKELY.search(text) and not code.startswith("4") else None


def _doubtful(code: str, text: str, *, refused: bool) -> bool:
    """Whether "no such user" is not meant: a look-up that failed, a block, or a filter that saw the content.

    A server that had taken the recipient and refuses once it has the content judges the content; mobile providers
    of Japan say "unknown user" then.
    """
    if words.LOOKUP.search(text):
        return True
    if code.startswith("5.7"):
        return refused
    after = words.AFTER_CONTENT.search(text) and not words.NO_RECIPIENT.search(text)
    return bool(after) and code not in GONE and not gone_words.ACCOUNT.search(text)


def _decisive(status: str, text: str) -> str:
    """The code that says most: the server's own before that of the report, unless it says nothing."""
    own = status_in(text)
    if own and not _vague(own):
        return own
    return status if status and not _vague(status) else own or status


def _vague(code: str) -> bool:
    return not code or code[2:].startswith(VAGUE)


def _transient(code: str, text: str) -> bool:
    """Whether it was no answer for good: a code that begins with 4 and says why, and no reply that begins with 5.

    Google writes 4.0.0 into reports of domains that do not exist.
    """
    replies = {reply[0] for reply in _REPLY.findall(text)}
    return "5" not in replies and ("4" in replies or (code.startswith("4") and not _vague(code)))


def _plain(answer: str) -> str:
    """Small letters, single spaces also for _, a lone @ for each address, no codes in the middle of a sentence."""
    text = unicodedata.normalize("NFKC", answer[:LONGEST_ANSWER]).casefold().translate(_QUOTES)
    text = _ADDRESS.sub("@", " ".join(text.split())).replace("_", " ")
    return "".join(_uncontinued(text))


def _uncontinued(text: str) -> Iterator[str]:
    """The text without the codes that begin its lines, but for the first of them."""
    first, *rest = _CONTINUED.split(text)
    found = _CONTINUED.search(text)
    yield first
    if found:
        yield found[0].replace("-", " ", 1)
    yield from rest
