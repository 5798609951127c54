"""The readers of the demo: one of each kind that the service is for."""

from datetime import datetime
from zoneinfo import ZoneInfo

from nkwatch.domain.subscriber import Choice, Edition, Format, Rhythm, Schedule, SignUp
from nkwatch.domain.wish import Wish

#: What the operator of the demo would have on paper.
CONSENT = "demo: sample readers agreed when the samples were written"


def sample_readers(closing: datetime) -> list[SignUp]:
    """Sign-ups whose digests all close at `closing` (a full hour, UTC)."""
    weekly = Schedule(Rhythm.WEEKLY, closing.hour, "UTC", weekday=closing.weekday())
    daily = Schedule(Rhythm.DAILY, closing.hour, "UTC")
    seoul = closing.astimezone(ZoneInfo("Asia/Seoul"))
    in_seoul = Schedule(Rhythm.WEEKLY, seoul.hour, "Asia/Seoul", weekday=seoul.weekday())
    danger = Wish(themes=frozenset({"refugees", "prisons", "executions", "abductions"}))
    return [
        SignUp("campaigner@reader.example", Choice(weekly, country="KR", lull=True)),
        SignUp("desk@newspaper.example", Choice(daily)),
        SignUp("dawn@escapees.example", Choice(in_seoul, edition=Edition("ko"), wishes=(danger,))),
        SignUp("kazoku@families.example", Choice(weekly, alerts=False, edition=Edition("ja"), country="JP")),
        SignUp("mission@diplomats.example", Choice(weekly, edition=Edition("fr"))),
        SignUp(
            "careful@researcher.example",
            Choice(
                weekly,
                edition=Edition(format=Format.TEXT),
                wishes=(Wish(themes=frozenset({"food_aid", "labour", "health"})),),
            ),
        ),
    ]


def newcomer() -> SignUp:
    """Somebody who signs up and is asked to confirm."""
    return SignUp("newcomer@reader.example", Choice(Schedule(Rhythm.WEEKLY)))
