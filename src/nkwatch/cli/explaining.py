"""Everything known on a statement, story, bulletin or delivery, with the reasons: as one object with stable keys."""

from collections.abc import Iterable, Mapping
from dataclasses import asdict
from typing import Any

from nkwatch.assembly import Newsroom
from nkwatch.cli.posted import came_back
from nkwatch.domain.bulletin import Window
from nkwatch.domain.correction import Corrected, Correction, Filed
from nkwatch.domain.reading import Reading
from nkwatch.domain.statement import EARLIEST, Statement
from nkwatch.domain.story import Report, Story
from nkwatch.domain.wish import Follows, Mutes, Wish
from nkwatch.editing.digests import is_news
from nkwatch.editing.matching import CASE, WORD, Offer, Reason, reasons
from nkwatch.reading.stories import Alike, most_alike
from nkwatch.store.bounces import BounceStore
from nkwatch.store.traces import BulletinTrace, DeliveryTrace, StatementTrace, StoryTrace
from nkwatch.web.asking import whole

DELIVERY = "delivery:"
Facts = dict[str, Any]
#: Of a comparison: the share of runs of words in common for a reprint, log odds for a report; days between.
_COMPARED = ("as", "score", "days", "shared")


async def explained(newsroom: Newsroom, name: str) -> Facts | None:
    """What is known under this name: `delivery:` and a number, a bulletin's number, or a statement's or story's id."""
    if name.startswith(DELIVERY):
        number = whole(name.removeprefix(DELIVERY))
        delivery = await newsroom.traces.delivery(number) if number is not None else None
        return await _delivery(newsroom, delivery) if delivery else None
    bulletin = await newsroom.traces.bulletin(number) if (number := whole(name)) is not None else None
    if bulletin:
        return {"kind": "bulletin", "id": name} | await _bulletin(newsroom, bulletin)
    return await _statement(newsroom, name)


async def _statement(newsroom: Newsroom, name: str) -> Facts | None:
    traced = await newsroom.traces.statement(name)
    story = await newsroom.traces.story((traced.story_id if traced else "") or name)
    if traced is None and story is None:
        return None
    told: Facts = {"kind": "statement" if traced else "story", "id": name} | _merged(story, name)
    if traced:
        filed = await newsroom.readings.filed(name)
        said = await newsroom.readings.corrections(name)
        told |= {
            "statement": _facts(newsroom, traced) | {"split_off_from": list(await newsroom.traces.apart(name))},
            "in_force": summary(filed.in_force) if filed else None,
            "readings": [_reading(k.reading) | {"read_at": k.read_at, "in_force": k.in_force} for k in traced.readings],
            "corrections": [
                correction(f, in_force=filed is not None and f.correction == filed.correction) for f in said
            ],
        }
    bulletins = await newsroom.traces.bulletins(story) if story else []
    shown = await newsroom.statements.stories([story.id]) if story else []
    return told | {
        "story": asdict(story) | _reports(shown) if story else None,
        "grouped": _grouped(newsroom, traced.statement, shown) if traced and story else None,
        "editors": await _said(newsroom, story.id) if story else None,
        "bulletins": [_counted(b) for b in bulletins],
        "not_mailed": await _unmailed(newsroom, story, shown) if story and not bulletins else None,
    }


def _merged(story: StoryTrace | None, name: str) -> Facts:
    """Where the story of this name went, if an editor merged it."""
    for one in story.took_in if story else ():
        if story and one.id == name:
            return {"merged": {"into": story.id, "by": one.by, "at": one.at}}
    return {}


async def _said(newsroom: Newsroom, story_id: str) -> Facts:
    """What editors did to a story, and what was ruled on its alert."""
    traced = await newsroom.traces.desk(story_id)
    return {
        "marked": [{"what": m.what, "by": m.editor, "at": m.at} for m in traced.markings],
        "ruled": [{"what": str(r.kind), "by": r.editor, "at": r.at, "note": r.note} for r in traced.rulings],
    }


def _facts(newsroom: Newsroom, traced: StatementTrace) -> Facts:
    statement = traced.statement
    source = newsroom.sources.get(statement.source_id)
    hidden = {"teaser", "text", "presence"}
    return {name: value for name, value in asdict(statement).items() if name not in hidden} | {
        "presence": str(statement.presence),
        "read_from": None if statement.read_from == EARLIEST else statement.read_from,
        "characters": len(statement.text),
        "text_from": "page" if statement.teaser else "source",
        "source": {
            "in_catalogue": source is not None,
            "role": str(source.role) if source else None,
            "scope": str(source.scope) if source else None,
            "may_alert": source is not None and source.alerts,
        },
        "revisions": [asdict(r) for r in traced.revisions],
        "captures": [asdict(c) for c in traced.captures],
        "pages_to_fetch": [{"purpose": str(e.purpose), "url": e.url, "due_at": e.due_at} for e in traced.waiting],
    }


def _reading(reading: Reading) -> Facts:
    """All that was found, urgency and kinds by their names."""
    found = asdict(reading)
    found["urgency"] = reading.urgency.name.lower()
    return found


def summary(reading: Reading) -> Facts:
    """What counts of a reading: whether it is on North Korea, themes, urgency, rules, and who corrected it."""
    return {
        "about_nk": reading.about_nk,
        "themes": [f.code for f in reading.themes],
        "urgency": reading.urgency.name.lower(),
        "rules": reading.rules,
        "corrected_by": reading.correction.editor if isinstance(reading, Corrected) else None,
    }


def correction(filed: Filed, *, in_force: bool) -> Facts:
    """A correction beside what had been read."""
    said = filed.correction or Correction("", 0, "", filed.statement.first_seen, "")
    return {
        "id": filed.statement.id,
        "at": said.at,
        "editor": said.editor,
        "note": said.note,
        "undo": said.undoes,
        "in_force": in_force,
        "read": summary(filed.reading),
        "corrected": summary(filed.in_force),
    }


def _reports(shown: Iterable[Story]) -> Facts:
    """Which report leads and why, and the others. None leads where none is shown."""
    for story in shown:
        lead = story.lead
        return {"lead": _report(lead) | {"why": _why(story)}, "others": [_report(r) for r in story.others]}
    return {"lead": None, "others": []}


def _grouped(newsroom: Newsroom, statement: Statement, shown: Iterable[Story]) -> Facts:
    """Why a statement stands in its story: the shown report that it is most like, compared by the rules as they are."""
    others = [r.statement for story in shown for r in story.reports if r.statement.id != statement.id]
    alike = most_alike(statement, others, newsroom.rules.vocabulary)
    if alike is None:
        return {"why": "no other report of its story is shown", "like": None} | dict.fromkeys(_COMPARED)
    found = ("reprint" if alike.reprint else "report", alike.score, alike.days, list(alike.words))
    return {"why": _alike(alike), "like": _named(alike.other)} | dict(zip(_COMPARED, found, strict=True))


def _alike(alike: Alike) -> str:
    if alike.reprint:
        return f"{alike.score:.0%} of the shorter text's runs of three words stand in the other: one repeats the other"
    if alike.enough:
        return f"it is most like this report: by what they share, the log odds for one event are {alike.score:.1f}"
    return (
        f"this report is the likest, yet these two alone would stay apart (log odds {alike.score:.1f}):"
        " other reports, other rules or an editor brought them together"
    )


def _report(report: Report) -> Facts:
    return _named(report.statement) | {"role": str(report.role), "by": report.by} | summary(report.reading)


def _named(statement: Statement) -> Facts:
    names = ("id", "title", "publisher", "published", "published_estimated", "url")
    return {name: getattr(statement, name) for name in names}


def _why(story: Story) -> str:
    lead, same = story.lead, [r for r in story.others if r.role is story.lead.role]
    if not story.others:
        return "it is the only report that is shown"
    first = f"it was published first of {len(same) + 1}" if same else "it is the only one"
    return f"of these reports those of the kind “{lead.role}” go before the others, and {first}"


async def _unmailed(newsroom: Newsroom, story: StoryTrace, shown: Iterable[Story]) -> str:
    """Why a story went out in no bulletin."""
    closed = await newsroom.traces.closed_until()
    for told in shown:
        if closed is None or closed <= story.ready_at:
            return "no window that holds it has closed yet"
        if not is_news(told, Window(story.ready_at, closed)):
            return "it was old, or without a date among much else, when it became ready: digests leave it out"
        if not told.rights:
            return "no report of it is on human rights: who chose one of its themes or follows what it names gets it"
        return "no reader whose window held it had wished for it"
    return "none of its reports is shown"


def _counted(bulletin: BulletinTrace) -> Facts:
    window = bulletin.window
    return {
        "number": bulletin.number,
        "bulletin": str(bulletin.kind),
        "date": bulletin.date,
        "window": {"start": window.start, "end": window.end} if window else None,
        "readers": sum(bulletin.deliveries.values()),
        "deliveries": bulletin.deliveries,
        "came_back": bulletin.came_back,
        "languages": bulletin.languages,
        "answers": bulletin.answers,
    }


async def _bulletin(newsroom: Newsroom, bulletin: BulletinTrace) -> Facts:
    return _counted(bulletin) | {"stories": await _stories(newsroom, bulletin.stories)}


async def _delivery(newsroom: Newsroom, traced: DeliveryTrace) -> Facts:
    """A delivery by the ids of its rows. The reasons are those of the reader's choice as it is now."""
    reader = traced.subscriber
    named = await newsroom.statements.named(traced.stories)
    found = {i: Offer.of(s, newsroom.rules.cases.keys) for i, s in named.items()}
    why = {i: [_reason(r) for r in reasons(reader.choice, offer)] for i, offer in found.items()}
    stories = await _stories(newsroom, traced.stories)
    marks = await BounceStore(newsroom.database, newsroom.keyring).marks([traced.delivery.id])
    return {
        "kind": "delivery",
        "id": f"{DELIVERY}{traced.delivery.id}",
        "delivery": asdict(traced.delivery) | {"state": str(traced.delivery.state)},
        "came_back": came_back(marks.get(traced.delivery.id)),
        "bulletin": _counted(traced.bulletin),
        "language": traced.language,
        "subject": traced.subject,
        "subscriber": {
            "id": reader.id,
            "standing": str(traced.standing),
            "rhythm": str(reader.choice.schedule.rhythm),
            "alerts": reader.choice.alerts,
            "covered_until": reader.covered_until,
            "wishes": [_asked(w) for w in reader.choice.wishes],
            "mutes": _asked(reader.choice.mutes),
        },
        "stories": [s | {"reasons": why.get(s["id"], [])} for s in stories],
    }


def _reason(reason: Reason) -> Facts:
    """Followed words and names are the reader's own, and are kept sealed: only that they matched is told."""
    return {"kind": reason.kind, "values": [] if reason.kind in {WORD, CASE} else list(reason.values)}


def _asked(asked: Wish | Mutes) -> Facts:
    chosen = {"themes": sorted(asked.themes), "sources": sorted(asked.sources), "roles": sorted(asked.roles)}
    return chosen | {"follows": _counts(asked.follows)}


def _counts(follows: Follows) -> Facts:
    return {"words": len(follows.words), "cases": len(follows.cases)}


async def _stories(newsroom: Newsroom, ids: Iterable[str]) -> list[Facts]:
    """These stories as they are now; of one that is no longer shown only the id."""
    found: Mapping[str, Story] = await newsroom.statements.named(ids)
    blank = {"title": None, "publisher": None, "published": None, "published_estimated": None, "url": None}
    return [
        {"id": i, "shown": i in found} | (_named(found[i].lead.statement) | {"id": i} if i in found else blank)
        for i in ids
    ]
