"""When to try again, by what the relay replied (RFC 5321, RFC 3463)."""

import re
from dataclasses import dataclass
from datetime import timedelta

from nkwatch.domain.doubling import doubled

#: `250`, then perhaps an enhanced code `2.1.5` (RFC 3463, 2).
_CODES = re.compile(r"\s*([245]\d\d)(?:[ -]+([245]\.\d{1,3}\.\d{1,3})\b)?")

FIRST_RETRY = timedelta(minutes=5)
LONGEST_RETRY = timedelta(hours=4)
#: Nobody knows whether the relay took it (RFC 1047): the next attempt may make a copy.
UNKNOWN_RETRY = timedelta(minutes=30)
#: A mailbox that is full, and somebody who takes less than we send.
_FULL, _SLOWER = timedelta(hours=2), timedelta(minutes=15)
#: Who lists strangers as grey takes them after some minutes, and forgets them after some hours.
_LONGEST_GREY = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Codes:
    """The reply code, and the enhanced one where there is one ("" otherwise); 0 where the reply is none."""

    code: int
    enhanced: str


def _like(pattern: str) -> re.Pattern[str]:
    return re.compile(rf"\s*{pattern}", re.IGNORECASE | re.DOTALL)


#: What replies look like, and how long to wait after the first of them and at most: the first line that fits counts.
_PAUSES = (
    (_like(r"(4\d\d[ -]+4\.2\.2\b|45[02]\b.*(quota|mailbox (is )?full|full mailbox))"), _FULL, LONGEST_RETRY),
    # Gmail says 4.7.28, or "at a rate that", and Yahoo TSS04
    (_like(r"4\d\d\b.*(\b4\.7\.28\b|too many|\brate\b|throttl|\bTSS\d)"), _SLOWER, LONGEST_RETRY),
    (_like(r"45[01]\b.*(\b4\.7\.1\b|gr[ae]y.?list|try again (later|in )|come back)"), FIRST_RETRY, _LONGEST_GREY),
    (_like(r"4\d\d[ -]+4\.7\."), _SLOWER, LONGEST_RETRY),
    (_like(""), FIRST_RETRY, LONGEST_RETRY),
)


def codes(reply: str) -> Codes:
    """What a relay's reply says in numbers."""
    found = _CODES.match(reply)
    return Codes(int(found[1]), found[2] or "") if found else Codes(0, "")


def pause(reply: str, attempts: int) -> timedelta:
    """How long to wait after this reply, `attempts` having been made before it: twice as long each time."""
    first, longest = next((first, longest) for like, first, longest in _PAUSES if like.match(reply))
    return doubled(first, attempts, longest)
