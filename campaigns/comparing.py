"""Compares what the ledger says with what the mail server wrote down."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

from sqlalchemy import NullPool, create_engine, select

from campaigns.posting import recipient
from nkwatch.store import schema
from nkwatch.workflow.deliver import GROUP

_D = schema.delivery.c


@dataclass(frozen=True, slots=True)
class Row:
    """A delivery as the ledger has it."""

    message_id: str
    recipient: str
    state: str
    attempts: int
    offered: bool
    relay_id: str
    reply: str


@dataclass(frozen=True, slots=True)
class Event:
    """One line of the mail server; `epoch` counts the marks before it."""

    epoch: int
    verdict: str
    name: str
    message_id: str
    recipient: str
    digest: str


Ledger = Mapping[str, Row]


@dataclass(slots=True)
class Findings:
    """What was found; `wrong` has a sentence for everything that should not be."""

    deliveries: int = 0
    accepted: int = 0
    states: Counter[str] = field(default_factory=Counter)
    lost: int = 0
    extra: int = 0
    most_copies: int = 0
    #: extra copies, and messages on the line, by crash
    extras: list[int] = field(default_factory=list)
    in_flight: list[int] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def add(self, other: "Findings") -> None:
        """The findings of another run."""
        self.deliveries += other.deliveries
        self.accepted += other.accepted
        self.states += other.states
        self.lost += other.lost
        self.extra += other.extra
        self.most_copies = max(self.most_copies, other.most_copies)
        self.extras += other.extras
        self.in_flight += other.in_flight
        self.wrong += other.wrong


def ledger(address: str) -> Ledger:
    """All deliveries, by Message-ID. Leaves no connection open."""
    engine = create_engine(address.replace("postgresql:", "postgresql+psycopg:"), poolclass=NullPool)
    columns = (_D.message_id, _D.subscriber_id, _D.state, _D.attempts, _D.offered_at, _D.relay_id, _D.reply)
    with engine.connect() as connection:
        rows = [
            Row(r.message_id, recipient(r.subscriber_id), r.state, r.attempts, bool(r.offered_at), r.relay_id, r.reply)
            for r in connection.execute(select(*columns))
        ]
    return {row.message_id: row for row in rows}


def events(log: Path) -> list[Event]:
    """What the mail server wrote down."""
    found, epoch = [], 0
    for line in log.read_text("utf-8").splitlines():
        words = line.split()
        if words[0] in {"mark", "note"}:
            epoch += words[0] == "mark"
        else:
            found.append(Event(epoch, *words))
    return found


def compare(
    last: Ledger, told: Sequence[Event], connections: int, after: Sequence[Ledger] = (), incidents: int = 0
) -> Findings:
    """`after` are the ledgers right after each crash, the mail server having seen the end of all connections.

    `incidents` are what else may cost as many copies as a crash.
    """
    copies = _copies(told)
    found = Findings(len(last), sum(map(len, copies.values())), Counter(row.state for row in last.values()))
    found.lost = sum(row.state == "sent" and not copies[i] for i, row in last.items())
    found.most_copies = max(map(len, copies.values()), default=0)
    found.extra = sum(len(c) - 1 for c in copies.values())
    found.wrong += _misaddressed(last, copies)
    found.wrong += _unexplained(last, told, copies)
    most = connections + GROUP - 1
    if after:
        _crashes(found, told, copies, after, most)
    silent = sum(e.verdict == "taken-in-silence" for c in copies.values() for e in c[:-1])
    if not after and found.extra - silent > most * incidents:
        found.wrong.append(f"{found.extra - silent} copies too many after {incidents} incidents")
    return found


def _copies(told: Sequence[Event]) -> dict[str, list[Event]]:
    """What was taken, by Message-ID; nothing for others."""
    copies: dict[str, list[Event]] = defaultdict(list)
    for event in told:
        if event.verdict.startswith("taken"):
            copies[event.message_id].append(event)
    return copies


def _misaddressed(last: Ledger, copies: Mapping[str, Sequence[Event]]) -> Iterator[str]:
    for message_id, taken in list(copies.items()):
        if message_id not in last:
            yield f"{message_id}: taken, and the ledger does not know it"
        elif {e.recipient for e in taken} - {last[message_id].recipient}:
            yield f"{message_id}: taken for somebody else"
        if len({e.digest for e in taken}) > 1:
            yield f"{message_id}: its copies differ"


def _unexplained(last: Ledger, told: Sequence[Event], copies: Mapping[str, Sequence[Event]]) -> Iterator[str]:
    """Rows that do not end as the mail server's last word on them says."""
    words: dict[str, str] = {e.recipient: e.verdict for e in told if e.verdict != "cut"}
    for message_id, row in last.items():
        word, taken = words.get(row.recipient, "nothing"), copies.get(message_id, ())
        explained = {
            "sent": word.startswith("taken") and any(e.name == row.relay_id for e in taken),
            "refused": word.startswith("5") and not any(e.verdict == "taken" for e in taken),
        }
        if not explained.get(row.state, False):
            yield (
                f"{message_id}: the ledger says {row.state} {row.relay_id} after {row.attempts} attempts ({row.reply}),"
                f" the mail server said {word} last and took {len(taken)}"
            )


def _crashes(
    found: Findings,
    told: Sequence[Event],
    copies: Mapping[str, Sequence[Event]],
    after: Sequence[Ledger],
    most: int,
) -> None:
    """The law of crashes, and that each copy belongs to one."""
    cut = Counter(e.epoch for e in told if e.verdict == "cut")
    again: Counter[int] = Counter()
    for message_id, taken in copies.items():
        for one, other in pairwise(taken):
            again[one.epoch] += 1
            if one.verdict == "taken-in-silence":
                again[one.epoch] -= 1
            elif one.epoch == other.epoch or not after[one.epoch][message_id].offered:
                found.wrong.append(f"{message_id}: sent again, though it was not on the line at crash {one.epoch}")
    for epoch, rows in enumerate(after):
        unwritten = [i for i, c in copies.items() if any(e.epoch == epoch for e in c) and rows[i].state != "sent"]
        on_the_line = len(unwritten) + cut[epoch]
        found.in_flight.append(on_the_line)
        found.extras.append(again[epoch])
        if max(on_the_line, again[epoch]) > most:
            found.wrong.append(f"crash {epoch}: {on_the_line} on the line, {again[epoch]} sent again; {most} may be")
        found.wrong += [f"{i}: taken and not marked at crash {epoch}" for i in unwritten if not rows[i].offered]
