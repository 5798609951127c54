"""Notices put together for the morning: what is one thing is told once, the most important first, with what to do."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import IntEnum

from nkwatch.domain.notice import Noticed

#: So many examples of one thing are told.
EXAMPLES = 5


class Weight(IntEnum):
    """How much something matters: what is told first has the smallest."""

    #: people were woken for it
    WOKEN = 0
    #: something does not work, and stays so until somebody acts
    ACT = 1
    #: worth a look
    LOOK = 2
    #: it went on by itself
    OVER = 3


@dataclass(frozen=True, slots=True)
class Matter:
    """One kind of thing that happened, with some `examples` of it (newest first) and how many `further` there were."""

    event: str
    weight: Weight
    do: str
    times: int
    first: datetime
    last: datetime
    examples: tuple[Noticed, ...]
    further: int


_DOCTOR = "Run `nkwatch doctor`."
_LOG = "Look into the log for what went before; if it goes on, restart, and report it."
_DESK = "Decide at the desk, or with `nkwatch alert list`."
_DEPARTED = "A backup that is restored would not know of who left: `nkwatch doctor`."
_SOURCES = "See `nkwatch sources list`, and the page of the source."
#: What is known of notices by their names: how much they matter, and what to do. Of what matters as much, what stands
#: first here is told first.
KNOWN: dict[str, tuple[Weight, str]] = {
    "alert late": (Weight.WOKEN, "See whether it has left since: `nkwatch doctor`, `nkwatch alert list`."),
    "outbox stuck": (Weight.WOKEN, "See what holds it: `nkwatch doctor`."),
    "database unusable": (Weight.WOKEN, "See disk, memory and the log of the database: `nkwatch doctor`."),
    "alert missing": (Weight.WOKEN, "Look into the canary's folder of junk, and at what the relay did with it."),
    "the bell does not ring": (Weight.ACT, "Look at [watch] in the settings: nobody would be woken."),
    "the heartbeat does not arrive": (Weight.ACT, "Look at watch.heartbeat_url in the settings."),
    "bulletin missing": (Weight.ACT, "Look into the canary's folder of junk, and at what the relay did with it."),
    "mail relay unreachable": (Weight.ACT, _DOCTOR),
    "the morning's mail does not leave": (Weight.ACT, _DOCTOR),
    "bulk mail stands still": (Weight.ACT, _DOCTOR),
    "sending is locked": (Weight.ACT, "Nothing leaves until somebody types what it says: `nkwatch doctor`."),
    "parts hang": (Weight.ACT, _LOG),
    "not reloaded": (Weight.ACT, "Mend what it says, and reload; see `nkwatch config check`."),
    "the file of who left is missing": (Weight.ACT, _DEPARTED),
    "the file of who left cannot be read": (Weight.ACT, _DEPARTED),
    "the file of who left cannot be written": (Weight.ACT, _DEPARTED),
    "lines of the file of who left are damaged": (Weight.ACT, _DEPARTED),
    "the clock differs from the database's": (Weight.ACT, "Set the clock of this machine: `nkwatch doctor`."),
    "webhook switched off": (Weight.ACT, "When its receiver works again: `nkwatch webhooks retry NAME`."),
    "cannot look up who may send in our name": (Weight.ACT, _DOCTOR),
    "alert held for an editor": (Weight.ACT, _DESK),
    "editor not reached": (Weight.ACT, "Look whether the relay takes mail: `nkwatch doctor`; else at that address."),
    "there is no canary": (Weight.ACT, "Look at watch.canary in the settings."),
    "a mail cannot be put together": (Weight.ACT, "`nkwatch explain delivery:NUMBER` tells more."),
    "THE EDITORS' DESK IS OPEN TO OTHER MACHINES": (Weight.ACT, "Look at [desk] in the settings."),
    "source blocked": (Weight.ACT, _SOURCES),
    "source failing": (Weight.ACT, _SOURCES),
    "source gone": (Weight.ACT, _SOURCES),
    "source silent": (Weight.ACT, _SOURCES),
    "source gap suspected": (Weight.LOOK, _SOURCES),
    "source moved": (Weight.LOOK, "Put the new address into the settings."),
    "statement deleted by its source": (Weight.LOOK, "Decide: `nkwatch statements missing`."),
    "leases expired": (Weight.LOOK, "A process died or hung; its work was taken over. Look why, if it comes again."),
    "page failed": (Weight.LOOK, "Please report it: a page of nkwatch has a mistake."),
    "alert left": (Weight.OVER, ""),
    "outbox moves": (Weight.OVER, ""),
    "database usable": (Weight.OVER, ""),
    "source ok": (Weight.OVER, ""),
    "mail relay works again": (Weight.OVER, ""),
    "bulk mail goes on": (Weight.OVER, ""),
    "sending goes on": (Weight.OVER, ""),
    "our own line works again": (Weight.OVER, ""),
}
_PLACES = {event: place for place, event in enumerate(KNOWN)}
#: The same for whole families, by how their names end.
ENDINGS: tuple[tuple[str, Weight, str], ...] = (
    (" failed", Weight.ACT, _LOG),
    ("cannot be read", Weight.ACT, "Look at its address and password in the settings: `nkwatch doctor`."),
    ("works again", Weight.OVER, ""),
)


def matters(notices: Iterable[Noticed]) -> tuple[Matter, ...]:
    """One for each kind of event; those that matter most first, then as `KNOWN` has them, then the most frequent."""
    same: dict[tuple[str, tuple[tuple[str, str], ...]], Noticed] = {}
    for one in notices:
        before = same.get(one.key)
        same[one.key] = before.again(one) if before else one
    by_event: dict[str, list[Noticed]] = {}
    for one in same.values():
        by_event.setdefault(one.event, []).append(one)
    found = (_matter(event, each) for event, each in by_event.items())
    return tuple(sorted(found, key=lambda m: (m.weight, _PLACES.get(m.event, len(_PLACES)), -m.times, m.event)))


def known(event: str) -> tuple[Weight, str]:
    """How much an event matters, and what to do about it; what nobody has thought of is worth a look."""
    if event in KNOWN:
        return KNOWN[event]
    return next(((weight, do) for end, weight, do in ENDINGS if event.endswith(end)), (Weight.LOOK, ""))


def _matter(event: str, each: list[Noticed]) -> Matter:
    weight, do = known(event)
    newest = sorted(each, key=lambda n: n.last_at, reverse=True)
    return Matter(
        event=event,
        weight=weight,
        do=do,
        times=sum(n.times for n in each),
        first=min(n.at for n in each),
        last=newest[0].last_at,
        examples=tuple(newest[:EXAMPLES]),
        further=len(newest[EXAMPLES:]),
    )
