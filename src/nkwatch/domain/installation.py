"""An *installation*: one database, where mail leaves from, and whether it may."""

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Installed:
    """What a database says of itself, and where this process is. `host` and `here` name places, see `store.host`.

    `locked_at` is when it was found to be behind the file of who left; `gap_from` the last that it knows of sending.
    """

    id: str
    host: str
    here: str
    marks: int = 0
    marked_at: datetime | None = None
    locked_at: datetime | None = None
    gap_from: datetime | None = None

    @property
    def elsewhere(self) -> bool:
        """Whether mail may leave from another host only."""
        return self.host != self.here

    @property
    def locked(self) -> str:
        """Why nothing may be sent, and what to type; "" where all may go."""
        if self.locked_at and self.elsewhere:
            return f"{self._restored} It is also bound to another host. {STOP} {BOTH}"
        if self.locked_at:
            return f"{self._restored} {RESUME}"
        return f"the database is bound to another host. {STOP} {TAKE_OVER} {BOTH}" if self.elsewhere else ""

    @property
    def _restored(self) -> str:
        known = f" of {self.gap_from:%Y-%m-%d %H:%M} UTC" if self.gap_from else ""
        return f"the database is a backup{known} that was restored."


STOP = "If nkwatch still runs there, stop it there first."
RESUME = (
    "Say up to when the old one may have sent, and what is later goes on: nkwatch deliver --resume-after TIME"
    " (2026-01-31T10:00Z; first with --dry-run)"
)
TAKE_OVER = "If this is the whole database, moved: nkwatch deliver --take-over."
BOTH = "If it is a backup: nkwatch deliver --take-over --resume-after TIME (2026-01-31T10:00Z; first with --dry-run)"


@dataclass(frozen=True, slots=True)
class Replayed:
    """How many who left by the file of who left had not left in the database, and did so again."""

    ended: int = 0
    erased: int = 0
    suppressed: int = 0


@dataclass(frozen=True, slots=True)
class Opened:
    """What a first look found: the state, who left again, and what is wrong with the file of who left."""

    installed: Installed
    replayed: Replayed = Replayed()
    missing: bool = False
    damaged: int = 0


@dataclass(frozen=True, slots=True)
class Held:
    """What is not sent of the gap: a bulletin, to how many readers. A window is that of a digest (UTC)."""

    number: int
    kind: str
    date: datetime
    readers: int
    window_end: datetime | None = None


@dataclass(frozen=True, slots=True)
class Resumed:
    """What a resumption holds back: windows that are taken as covered, stories as told, alerts for editors.

    `rewritten` are digests that closed since the restore over more than the gap: they come without it.
    """

    bulletins: tuple[Held, ...] = ()
    windows: int = 0
    rewritten: int = 0
    stories: int = 0
    alerts: int = 0
    replayed: Replayed = Replayed()
