"""Whether a webhook is told of something, in which words, and how these are signed (standardwebhooks.com)."""

import base64
import hmac
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from nkwatch.domain.story import AlertState, Report, Story
from nkwatch.domain.webhook import Call, Event, Hook, octets

#: Characters of a title and of a publisher's name.
LONGEST_TITLE = 300


@dataclass(frozen=True, slots=True)
class Tell:
    """The call is to be made. Without a story only its id is told: that what was told of it is taken back."""

    story: Story | None


@dataclass(frozen=True, slots=True)
class Later:
    """An embargo binds until then."""

    until: datetime


@dataclass(frozen=True, slots=True)
class Drop:
    """The call is not to be made, and why."""

    why: str


Verdict = Tell | Later | Drop


def judged(call: Call, hook: Hook, story: Story | None, now: datetime, *, knows: bool) -> Verdict:
    """What becomes of a call now. `knows`: this hook was told of the story before."""
    shown = story.shown(now) if story else None
    if shown is None:
        takes_back = call.event in {Event.ALERT_CORRECTED, Event.ALERT_WITHDRAWN}
        return Tell(None) if takes_back and knows else _unshown(story, now)
    corrects = call.event.kind == "correction"
    if not (hook.fits(shown) or (corrects and knows)):
        return Drop("this hook asks for other themes")
    if why := _unfit(call.event, shown):
        return Drop(why)
    return Tell(shown)


def _unshown(story: Story | None, now: datetime) -> Verdict:
    """What becomes of a call on a story that may not be shown."""
    if story is None:
        return Drop("the story is not there any more")
    if story.marks.held:
        return Drop("an editor holds the story back")
    ends = [r.statement.embargo for r in story.reports if r.statement.embargo and r.statement.embargo > now]
    return Later(min(ends)) if ends else Drop("nothing of the story may be shown")


def _unfit(event: Event, story: Story) -> str:
    """Why this is not told of the story; empty where it is."""
    fresh = event in {Event.STORY_NEW, Event.ALERT_SENT}
    problems = (
        (fresh and story.marks.withdrawn, "it was withdrawn"),
        (event is Event.STORY_NEW and all(r.statement.backlog for r in story.reports), "it was old news when it came"),
        (event is Event.ALERT_SENT and story.alert is AlertState.WITHHELD, "the alert was stopped"),
    )
    return next((why for applies, why in problems if applies), "")


@dataclass(frozen=True, slots=True)
class Words:
    """How foreign text is made harmless: `plain` cleans a line; `link` answers an address that may be followed, or "".

    `site` is the address of the public pages.
    """

    site: str
    plain: Callable[[str], str]
    link: Callable[[str], str]


def content(call: Call, hook: Hook, story: Story | None, words: Words) -> bytes:
    """What the receiver is told (Standard Webhooks, "Payload structure"): never a text, nothing of any reader."""
    about = _about(story, story.lead_in(hook.language), words) if story else dict.fromkeys(_ABOUT)
    page = f"{words.site.rstrip('/')}/stories/{call.story_id}"
    data = {"id": call.story_id, "number": call.number, "url": page} | about
    return written(call.event, call.at, data)


_ABOUT = ("title", "publisher", "original_url", "themes", "urgency", "language", "published")


def _about(story: Story, lead: Report, words: Words) -> dict[str, Any]:
    said = lead.statement
    values = (
        words.plain(said.title)[:LONGEST_TITLE],
        words.plain(said.publisher)[:LONGEST_TITLE],
        words.link(said.url) if lead.link else "",
        list(story.themes),
        story.urgency.name.lower(),
        said.language,
        _iso(said.published),
    )
    return dict(zip(_ABOUT, values, strict=True))


def written(kind: str, at: datetime, data: Mapping[str, Any]) -> bytes:
    """The bytes that are signed and sent."""
    return json.dumps({"type": kind, "timestamp": _iso(at), "data": data}, separators=(",", ":")).encode()


def _iso(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def signed(call_id: str, secrets: Sequence[str], now: datetime, body: bytes) -> dict[str, str]:
    """The headers by which the receiver knows that a call is ours: one signature for each secret."""
    stamp = str(int(now.timestamp()))
    told = f"{call_id}.{stamp}.".encode() + body
    macs = [hmac.digest(octets(secret), told, "sha256") for secret in secrets]
    signatures = " ".join(f"v1,{base64.b64encode(mac).decode()}" for mac in macs)
    return {"webhook-id": call_id, "webhook-timestamp": stamp, "webhook-signature": signatures}
