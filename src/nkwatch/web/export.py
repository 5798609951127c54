"""All that is kept of one reader, as JSON for the reader, under names that explain themselves."""

import json
from collections.abc import Iterable
from datetime import datetime
from typing import Any

from nkwatch.domain import retention
from nkwatch.domain.subscriber import Choice, Own, Schedule
from nkwatch.domain.wish import Mutes, Wish
from nkwatch.store.outbox import Posted

Json = dict[str, Any]
_WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def own_data(own: Own, sent: Iterable[Posted], *, service: str, contact: str, now: datetime) -> bytes:
    """Everything in one object, UTF-8. Instants are ISO 8601 in UTC; what is not known is null."""
    said: Json = {
        "about_this_file": f"Everything that {service} keeps of one reader. Questions: {contact}",
        "made_at": _instant(now),
        "email_address": own.address,
        "subscription": _subscription(own),
        "consent": _consent(own),
        "choice": _choice(own.subscriber.choice),
        "mails_to_you": [_posted(one) for one in sent],
        "how_long_it_is_kept": {
            "while_subscribed": "the address, the choice and the consent",
            "after_leaving": f"{retention.ENDED.days} days, then only a keyed hash of the address",
            "after_erasing": "only a keyed hash of the address, so that nobody mails there again",
            "mails_to_you": f"when and which, but not their text, for {retention.DELIVERIES.days} days",
        },
        "what_is_never_kept": "network addresses, and whether a mail was opened or a link followed",
    }
    return json.dumps(said, ensure_ascii=False, indent=2).encode()


def _subscription(own: Own) -> Json:
    reader = own.subscriber
    return {
        "id_in_links": reader.id,
        "standing": own.standing.value,
        "joined_at": _instant(own.joined_at),
        "digests_cover_everything_until": _instant(reader.covered_until),
        "paused_until": _instant(reader.paused_until),
        "ended_at": _instant(own.ended_at),
        "why_it_ended": own.end_reason or None,
    }


def _consent(own: Own) -> Json | None:
    given = own.consent
    return {"how_it_was_given": given.origin, "given_at": _instant(given.given_at)} if given else None


def _choice(choice: Choice) -> Json:
    edition = choice.edition
    return {
        "digest": _schedule(choice.schedule),
        "alerts": choice.alerts,
        "language_of_mails": edition.language,
        "format_of_mails": edition.format.value,
        "neutral_sender_and_subject": edition.neutral,
        "own_government": choice.country or None,
        "note_after_three_weeks_without_news": choice.lull,
        "no_alerts_between_hours": [choice.quiet.start, choice.quiet.end] if choice.quiet else None,
        "phrase_in_every_mail": choice.phrase or None,
        "wishes": [_side(wish) for wish in choice.wishes],
        "never_sent": _side(choice.mutes),
    }


def _schedule(schedule: Schedule) -> Json:
    return {
        "rhythm": schedule.rhythm.value,
        "hour": schedule.hour,
        "time_zone": schedule.zone,
        "weekday_of_weekly_digests": _WEEKDAYS[schedule.weekday],
        "day_of_monthly_digests": schedule.monthday,
    }


def _side(side: Wish | Mutes) -> Json:
    return {
        "themes": sorted(side.themes),
        "sources": sorted(side.sources),
        "kinds_of_source": sorted(role.value for role in side.roles),
        "words": sorted(side.follows.words),
        "people_and_groups": sorted(side.follows.cases),
    }


def _posted(one: Posted) -> Json:
    delivery, window = one.delivery, one.window
    return {
        "kind": one.kind.value,
        "bulletin_number": None if one.kind.personal else one.number,
        "covers_from": _instant(window.start) if window else None,
        "covers_until": _instant(window.end) if window else None,
        "story": one.story_id or None,
        "written_at": _instant(delivery.date),
        "state": delivery.state.value,
        "attempts": delivery.attempts,
        "done_at": _instant(delivery.done_at),
        "what_the_mail_relay_answered": delivery.reply or None,
        "message_id": delivery.message_id,
    }


def _instant(moment: datetime | None) -> str | None:
    return moment.isoformat() if moment else None
