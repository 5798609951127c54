"""What ticks, how often, and to which part of the day's work it belongs."""

from collections.abc import Collection
from datetime import datetime, timedelta

from nkwatch.domain.part import Part

#: How often each part looks into the rows (seconds). Looking costs one indexed query.
TICKS = {
    "collect": 10, "visit": 5, "tell": 60, "read": 2, "index": 2, "publish": 5, "editions": 30, "call": 5,
    "webhooks": 5, "deliver.urgent": 1, "deliver.bulk": 1, "recover": 5, "recover.survey": 300, "tidy": 600,
    "redact": 600, "watch": 15, "morning": 60, "heartbeat": 60, "bounces": 60, "replies": 60, "notices": 10,
}  # fmt: skip
#: Jobs that belong to another part: who collects also visits pages and tells how the sources are, who reads puts it
#: into the index, who publishes calls editors to alerts that wait and tells programs, who delivers does so in two
#: lanes, and who recovers looks for what should exist and does not, watches whether all leaves in time, and tells how
#: it is.
BELONGS = {
    "visit": "collect", "tell": "collect", "index": "read", "editions": "publish", "call": "publish",
    "webhooks": "publish", "deliver.urgent": "deliver", "deliver.bulk": "deliver", "recover.survey": "recover",
    "tidy": "recover", "redact": "recover", "watch": "recover", "morning": "recover", "heartbeat": "recover",
    "replies": "bounces",
}  # fmt: skip
#: What each process does for itself, whatever its parts are: its notices are kept.
ALWAYS = ("notices",)
PARTS = (*dict.fromkeys(BELONGS.get(tick, tick) for tick in TICKS if tick not in ALWAYS), "web")
#: What ends in the middle of a round.
STOPPED = ("collect", "visit", "webhooks", "deliver.urgent", "deliver.bulk", "bounces", "replies")
#: How long a round may last before it is broken off. A morning's digests take hours where the relay is slow, an old
#: archive that is read by new rules takes some; everything else hangs when it lasts so long.
MAY_TAKE, LONG = timedelta(minutes=30), timedelta(hours=12)
LASTING = ("deliver.urgent", "deliver.bulk", "read", "index", "publish", "editions", "tidy", "redact")


def parts(only: Collection[str], now: datetime) -> dict[str, Part]:
    """Every tick of these parts of the day's work, before its first round."""
    return {
        tick: Part(tick, timedelta(seconds=every), LONG if tick in LASTING else MAY_TAKE, now)
        for tick, every in TICKS.items()
        if tick in ALWAYS or BELONGS.get(tick, tick) in only
    }
