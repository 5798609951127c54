"""Time zones of a campaign's own, so that windows close at any second: all through the minutes that it takes.

A window closes at a full hour of its reader's zone. Each of these zones is an offset from UTC in seconds that makes a
certain second of the day a full hour (RFC 8536; `PYTHONTZPATH` says where Python looks).
"""

import struct
from datetime import UTC, datetime, timedelta
from pathlib import Path

#: The hour at which all of them close.
HOUR = 7
_DAY = 86_400
_SYSTEM = "/usr/share/zoneinfo:/usr/lib/zoneinfo:/usr/share/lib/zoneinfo:/etc/zoneinfo"


def zone_for(closing: datetime, folder: Path) -> str:
    """The name of a zone in which it is `HOUR` o'clock at this instant (UTC, whole seconds); its file is written."""
    since_midnight = closing - closing.replace(hour=0, minute=0, second=0, microsecond=0)
    offset = (HOUR * 3600 - since_midnight // timedelta(seconds=1) + _DAY // 2) % _DAY - _DAY // 2
    name = f"Campaign/{'East' if offset >= 0 else 'West'}{abs(offset)}"
    file = folder / "zones" / name
    if not file.exists():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(_compiled(offset))
    return name


def environment(folder: Path) -> dict[str, str]:
    """What a process needs that is to know these zones."""
    return {"PYTHONTZPATH": f"{folder / 'zones'}:{_SYSTEM}"}


def closings(begin: datetime, span: timedelta, step: timedelta) -> list[datetime]:
    """Instants on whole seconds, `step` apart."""
    begin = begin.astimezone(UTC).replace(microsecond=0)
    return [begin + step * n for n in range(max(1, int(span / step)))]


def _compiled(offset: int) -> bytes:
    """A zone that never changes: its one offset in both parts of the file, and no rule for later."""
    counts = (0, 0, 0, 0, 1, 4)
    body = struct.pack(">lbb", offset, 0, 0) + b"CMP\0"
    head = b"TZif2" + bytes(15) + struct.pack(">6l", *counts)
    return head + body + head + body + b"\n\n"
