"""Contenders of `bench.compose`, each in a process of its own.

`composing` and `peer_turns` answer when they are ready, and in each turn. `fill` makes the database that `close` works
on; that answers when all windows are closed.
"""

import asyncio
import resource
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from itertools import islice
from pathlib import Path
from statistics import median
from typing import Any, TypeAlias

from bench.composing_peer import Peer, Wanted, as_message, said, words
from bench.composing_readers import BATCH, Drawn
from bench.composing_rows import Shelves, alerts, kept, newly
from bench.composing_week import NOW, SITE, history, room
from bench.rounds import seconds
from nkwatch.domain.delivery import Claimed, Delivery
from nkwatch.editing.digests import Plan, plans
from nkwatch.mail.assemble import MailAssembler
from nkwatch.mail.templates import LINKS
from nkwatch.workflow.closing import CloseWindows, content
from nkwatch.workflow.composing import Composing
from nkwatch.workflow.digests import Digests

Answer: TypeAlias = Mapping[str, Any]
#: Seconds after which a turn ends, with all readers or not.
LONGEST = 150.0


class DisagreementError(Exception):
    """The peer's mail does not say what the service's says: there is nothing to compare."""


def composing(folder: Path, spread: str, count: int, turns: int) -> Iterator[Answer]:
    """Turns in which digests are planned and composed: for all readers anew, or in so many turns for all of them."""
    yield {}
    drawn = Drawn(folder)
    told = drawn.stories()
    kitchen, had = room(told), history(told)
    gathered = asyncio.run(kitchen.gathered())
    while True:
        composer, batches = kitchen.composer(), drawn.readers(spread, count)
        issue = composer.issue(gathered.surroundings, 1)
        for _ in range(turns):
            spent = {"plan": 0.0, "compose": 0.0, "readers": 0, "mails": 0}
            for readers in islice(batches, count // BATCH // turns):
                histories = {r.id: had for r in readers if r.choice.alerts}
                made: list[Plan] = []
                spent["plan"] += seconds(lambda: made.extend(plans(gathered.offers, readers, histories)))  # noqa: B023
                full = [(p, r.choice) for p, r in zip(made, readers, strict=True) if not p.empty]

                def compose() -> None:
                    for plan, choice in full:  # noqa: B023
                        content(composer, issue, gathered, plan, choice)  # noqa: B023

                spent["compose"] += seconds(compose)
                spent["readers"] += len(readers)
                spent["mails"] += len(full)
                if spent["plan"] + spent["compose"] > LONGEST:
                    break
            yield spent | {"renders": composer.renders, "peak_megabytes": _peak()}


def peer_turns(folder: Path, spread: str, sample: int) -> Iterator[Answer]:
    """Turns in which whole mails are rendered and encoded, and those of the service assembled."""
    yield {}
    drawn = Drawn(folder)
    told = drawn.stories()
    kitchen, had = room(told), history(told)
    gathered = asyncio.run(kitchen.gathered())
    composer = kitchen.composer()
    issue = composer.issue(gathered.surroundings, 1)
    readers = next(drawn.readers(spread, BATCH))
    made = plans(gathered.offers, readers, {r.id: had for r in readers if r.choice.alerts})
    full = [(reader, plan) for reader, plan in zip(readers, made, strict=True) if not plan.empty][:sample]
    wanted = [Wanted(r, plan, *content(composer, issue, gathered, plan, r.choice)) for r, plan in full]
    peer = Peer(composer, gathered.surroundings, kitchen.parts["translations"])
    views = [peer.prepared(one) for one in wanted]
    links = {name: f"{SITE}/{name}" for name in LINKS}
    for one, values in zip(wanted, views, strict=True):
        mail = peer.rendered(values, links)
        if said(one.composition, dict(one.slots) | links) != (mail["text"].split(), words(mail.get("html", ""))):
            raise DisagreementError(f"{one.reader.id}: the peer's mail does not say what the service's says")
    claimed = [_claimed(one) for one in wanted]
    assembler = MailAssembler("nkwatch", "digest@watch.example", "digest@watch.example", SITE, lambda *_: "token")

    def rendered() -> list[Mapping[str, str]]:
        return [peer.rendered(values, links) for values in views]

    def assembled() -> list[bytes]:
        return [assembler.assemble(one).content for one in claimed]

    while True:
        mails: list[Mapping[str, str]] = []
        work: Mapping[str, Callable[[], object]] = {
            "render": lambda: mails.extend(rendered()),  # noqa: B023
            "encode": lambda: [as_message(mail, {"To": "reader@readers.example"}) for mail in mails],  # noqa: B023
            "assemble": assembled,
        }
        spent = {name: seconds(do) / len(wanted) for name, do in work.items()}
        yield spent | {"octets": median(map(len, assembled()))}


def _claimed(one: Wanted) -> Claimed:
    delivery = Delivery(1, "<one@watch.example>", NOW)
    return Claimed(delivery, one.reader.id, "reader@readers.example", one.composition, 1, "id", one.slots)


def fill(folder: Path, spread: str, count: int) -> None:
    """Write readers, and the alerts that they were sent in the week, into a new database."""
    asyncio.run(_fill(Drawn(folder), spread, count))


async def _fill(drawn: Drawn, spread: str, count: int) -> None:
    with closing(Shelves.at(drawn.folder)) as shelves:
        told = drawn.stories()
        for readers in drawn.readers(spread, count):
            await shelves.database.write(newly(readers, shelves.keyring))
            for mailing in alerts(told, readers):
                await shelves.outbox.enqueue(mailing)


def close(folder: Path, spread: str) -> Answer:
    """Close the windows of all readers in the database by the service's own round."""
    return asyncio.run(_close(Drawn(folder), spread))


async def _close(drawn: Drawn, spread: str) -> Answer:
    kitchen = room(drawn.stories())
    with closing(Shelves.at(drawn.folder)) as shelves:
        before = kept(shelves)
        notices: list[str] = []
        parts = CloseWindows(
            kitchen.gather,
            shelves.subscribers,
            shelves.outbox,
            kitchen.composer(),
            Composing(lambda event, **_: notices.append(event)),
        )
        began, processor = time.monotonic(), time.process_time()
        done = await Digests(parts, lambda: NOW)()
        spent = {"seconds": time.monotonic() - began, "processor": time.process_time() - processor}
        after = kept(shelves)
    if notices or done.failed or not done.deliveries:
        raise RuntimeError(f"{spread}: {notices} {done}")
    rows = {f"new_{name}": after[name] - before[name] for name in before}
    return spent | rows | {"mails": done.deliveries, "empty": done.empty, "peak_megabytes": _peak()}


def _peak() -> float:
    """The most memory that this process ever held, in megabytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / 1e6
