"""What the workflow needs of statements and stories, and of what editors say of them."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from nkwatch.domain.bulletin import Window
from nkwatch.domain.desk import Note, Precision, Ruling, Translation
from nkwatch.domain.lease import Lease
from nkwatch.domain.merging import Merged, Split, Unfit, Word
from nkwatch.domain.polling import Polled, PollState
from nkwatch.domain.source import Source
from nkwatch.domain.statement import Presence, Statement
from nkwatch.domain.story import AlertState, Story
from nkwatch.domain.surroundings import Counted, Earlier
from nkwatch.reading.stories import Placed, Placement


class Statements(Protocol):
    """Statements, their readings and stories, and the poll states of sources."""

    async def register(self, sources: Iterable[Source], now: datetime) -> None:
        """Give a poll state, due at once, to every source that has none, or has moved within the catalogue."""

    async def states(self) -> list[PollState]:
        """The poll states of all sources that were ever registered."""
        ...

    async def claim_due(self, source_ids: Collection[str], now: datetime, limit: int, lease: Lease) -> list[PollState]:
        """Claim up to `limit` of these sources that are due, the longest due first."""
        ...

    async def renew_due(self, source_ids: Sequence[str], lease: Lease) -> None:
        """Keep these claimed sources until the end of this lease, those that its owner still has."""

    async def known(self, publisher: str, keys: Iterable[str]) -> Mapping[str, Statement]:
        """Which of these keys belong to which statement of this publisher."""
        ...

    async def listed(
        self, source_id: str, since: datetime, until: datetime, besides: Collection[str]
    ) -> list[Statement]:
        """What this source published from `since` up to and with `until`, oldest first, but for those `besides`.

        Without those that were deleted, or whose presence was asked about already.
        """
        ...

    async def record_polls(self, polls: Sequence[Polled]) -> int:
        """Write all that these polls leave behind in one transaction; answers how many statements were new."""
        ...

    async def resting(self, now: datetime) -> Mapping[str, datetime]:
        """The hosts that asked to be left alone, and until when."""
        ...

    async def untold_health(self, morning: datetime) -> list[PollState]:
        """States with another health than the operator was told; none when somebody was told since `morning`."""
        ...

    async def told_health(self, states: Sequence[PollState], now: datetime) -> None:
        """The operator has been told the health of these states."""

    async def record_presence(self, statement_id: str, presence: Presence) -> bool:
        """Write an editor's word on a statement that its source deleted; false when there is no such statement."""
        ...

    async def unread(self, limit: int, now: datetime, lease: Lease | None = None) -> list[Placed]:
        """Statements to be read whose newest revision has no reading and nobody else reads, oldest first.

        `story_id` is empty without one. With a `lease` they are claimed under it; its owner may claim again what it
        has.
        """
        ...

    async def placings(self) -> int:
        """How often statements were put into stories up to now: to be asked before it is looked where any belong."""
        ...

    async def placed(self, marks: Iterable[int], since: datetime) -> list[Placed]:
        """Statements of stories that share any of these marks, published since then."""
        ...

    async def record_readings(self, placements: Sequence[Placement], now: datetime, as_of: int | None = None) -> bool:
        """Store readings; stories without a ready_at get one that lies behind every closed window.

        False, and nothing is stored, where others put statements into stories since there were `as_of` placings.
        """
        ...

    async def stories(self, ids: Iterable[str]) -> list[Story]:
        """These stories with all their reports."""
        ...

    async def named(self, ids: Iterable[str]) -> Mapping[str, Story]:
        """These stories by the id that each is asked for by; one that was merged is the story into which it went."""
        ...

    async def home(self, story_id: str) -> str:
        """The story to which this id leads: its own, unless it was merged."""
        ...

    async def apart(self, statement_ids: Iterable[str]) -> Mapping[str, frozenset[str]]:
        """The stories that editors took these statements from, by statement; nothing of who may join any."""
        ...

    async def ready_between(self, window: Window) -> list[Story]:
        """The stories that became ready in this window, or were freed in it; without those that are held."""
        ...

    async def held(self, now: datetime) -> int:
        """How many stories editors hold back."""
        ...

    async def counted(self, since: datetime, until: datetime) -> list[Counted]:
        """The stories that became ready in [since, until) and are shown, as they are counted, the first first."""
        ...

    async def named_before(self, keys: Collection[str], before: datetime) -> Mapping[str, Earlier]:
        """The newest story that became ready before then and names a case, by the key of the mention."""
        ...

    async def alert_candidates(self, limit: int) -> list[Story]:
        """Stories whose alert is open and urgent, or released and not yet sent."""
        ...

    async def record_alert(
        self, story_id: str, state: AlertState, reason: str, now: datetime, *, was: AlertState | None = None
    ) -> bool:
        """Write what became of a story as an alert; false when there is no such story, or it is not what it `was`."""
        ...


class Desk(Protocol):
    """What editors say of stories and alerts. Each call that changes a story answers false when there is none."""

    async def hold(self, story_id: str, editor: str, now: datetime) -> bool:
        """Keep a story out of alerts and digests."""
        ...

    async def free(self, story_id: str, editor: str, now: datetime) -> bool:
        """Let a held story go: it becomes news again, behind every closed window; false when it was not held."""
        ...

    async def pin(self, story_id: str, editor: str, now: datetime, *, on: bool) -> bool:
        """Let a story lead every digest, or no longer."""
        ...

    async def drop(self, story_id: str, editor: str, now: datetime, *, on: bool) -> bool:
        """Keep a story out of every digest, or no longer."""
        ...

    async def note(self, story_id: str, note: Note | None, now: datetime) -> bool:
        """Put an editor's words beside a story; None takes them away."""
        ...

    async def translate(self, translation: Translation) -> bool:
        """Keep an editor's translation; empty title and text take it away. False when there is no such statement."""
        ...

    async def merge(self, into_id: str, other_ids: Sequence[str], word: Word, *, dry: bool = False) -> Merged | Unfit:
        """Move all statements of the other stories into one, to which their ids then lead; with `dry` only say it."""
        ...

    async def split(
        self, statement_ids: Collection[str], word: Word, *, news: bool = False, dry: bool = False
    ) -> Split | Unfit:
        """Let these statements of one story make a story of their own; with `dry` only say what that comes to.

        With `news` it is news again for who did not have it.
        """
        ...

    async def rule(self, ruling: Ruling, note: Note | None = None) -> list[Ruling]:
        """Keep a ruling; answers all rulings on this story's alert, the first first.

        `note` is what readers are told: the story then carries it as its correction.
        """
        ...

    async def rulings(self, story_id: str) -> list[Ruling]:
        """All rulings on this story's alert, the first first."""
        ...

    async def precisions(self, since: datetime) -> list[Precision]:
        """How often each source's urgent statements were right since then, by source."""
        ...

    async def calls(self, now: datetime) -> list[tuple[str, int, datetime]]:
        """The held alerts: story, how many calls editors were sent for it, and when it was held or the last was sent.

        A story whose alert is asked anew for other reasons keeps its calls.
        """
        ...

    async def called(self, story_id: str, calls: int, now: datetime) -> None:
        """So many calls were sent for this story's alert."""
