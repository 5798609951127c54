"""What the workflow needs of the world outside, as protocols. The adapters satisfy them without knowing of them.

Every method that changes something does so in one transaction, and doing it twice changes nothing more.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import Protocol

from nkwatch.domain.alert import Alert, Due, Pace, Recipient, Told
from nkwatch.domain.bulletin import (
    BulletinKind,
    Claimed,
    Composition,
    Delivery,
    Handover,
    Mailing,
    Message,
    Window,
)
from nkwatch.domain.desk import Editor, Note, Precision, Ruling, Translation
from nkwatch.domain.errand import Errand, Ran, Visited
from nkwatch.domain.lease import Lease
from nkwatch.domain.outcome import Outcome
from nkwatch.domain.polling import Polled, PollState
from nkwatch.domain.source import Source
from nkwatch.domain.statement import Presence, Statement
from nkwatch.domain.story import AlertState, Story
from nkwatch.domain.subscriber import (
    Choice,
    Consent,
    Edition,
    Joining,
    Move,
    Rhythm,
    Schedule,
    SignUp,
    Standing,
    Subscriber,
    Suppression,
    Tidied,
)
from nkwatch.domain.surroundings import Counted, Earlier, Surroundings
from nkwatch.editing.digests import Pick, Plan
from nkwatch.reading.stories import Placed, Placement

Clock = Callable[[], datetime]
"""Answers the present instant, timezone-aware UTC."""


class Poller(Protocol):
    """Fetches and parses one source."""

    async def poll(self, source: Source, state: PollState) -> Outcome: ...


class Visitor(Protocol):
    """Fetches the page of one statement."""

    async def visit(self, errand: Errand, source: Source) -> Visited: ...


class Errands(Protocol):
    """The pages still to be fetched."""

    async def claim_errands(self, now: datetime, limit: int, lease: Lease) -> list[Errand]:
        """Claim up to `limit` errands that are due and whose hosts do not rest."""
        ...

    async def record_errand(self, ran: Ran) -> None:
        """Write what became of an errand. An article completes its statement, which may be read from then on."""


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

    async def unread(self, limit: int, now: datetime) -> list[Placed]:
        """Statements to be read whose newest revision has no reading, oldest first; `story_id` is empty without one."""
        ...

    async def placed(self, marks: Iterable[int], since: datetime) -> list[Placed]:
        """Statements of stories that share any of these marks, published since then."""
        ...

    async def record_readings(self, placements: Sequence[Placement], now: datetime) -> None:
        """Store readings; stories without a ready_at get one that lies behind every closed window."""

    async def stories(self, ids: Iterable[str]) -> list[Story]:
        """These stories with all their reports."""
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


class Subscribers(Protocol):
    """Who gets what."""

    async def with_alerts(self, after: str, limit: int, now: datetime) -> list[Subscriber]:
        """Confirmed subscribers with alerts on who have not paused, ordered by id, those behind `after`."""
        ...

    async def announce_closing(self, now: datetime) -> None:
        """From now on no story becomes ready before `now`: what is decided after this cannot be overtaken."""

    async def closing(self, now: datetime, limit: int) -> list[Subscriber]:
        """Confirmed subscribers whose next window has closed by `now`, those who have paused too."""
        ...

    async def with_rhythm(self, rhythm: Rhythm, after: str, limit: int, before: datetime) -> list[Subscriber]:
        """Confirmed subscribers with this rhythm whose window began before then, by id, those behind `after`."""
        ...

    async def postpone(self, subscriber_ids: Sequence[str], until: datetime) -> None:
        """Look at these subscribers' windows again at `until`; what the windows cover does not change."""


class Outbox(Protocol):
    """The deliveries not yet done."""

    async def number(self, key: str, kind: BulletinKind, date: datetime) -> int:
        """The number of the bulletin with this key; it is opened when there is none."""
        ...

    async def enqueue(self, mailing: Mailing) -> int:
        """Write the deliveries and close the windows together; answers how many deliveries are new.

        Paces, waiting readers, and when readers were written to, go into the same transaction. Who has a delivery of
        this bulletin, or waits or waited for it, gets no other and keeps the pace.
        """
        ...

    async def paces(self, subscriber_ids: Collection[str]) -> Mapping[str, Pace]:
        """What is known of these readers' alerts; nothing of who never got one."""
        ...

    async def due(self, now: datetime, limit: int) -> list[Due]:
        """Readers with waiting alerts that are to leave by `now`, ordered by id; never who has left or paused."""
        ...

    async def beyond(self, subscriber_ids: Collection[str]) -> Mapping[str, Mapping[str, int]]:
        """The alerts that wait for these readers' next digests: by reader, the numbers of the alerts by story."""
        ...

    async def had(self, subscriber_ids: Collection[str], since: datetime) -> Mapping[str, frozenset[str]]:
        """The ids of the stories that these readers were written since then, in any bulletin that was not cancelled.

        A story withdrawn since does not count, nor one whose correction came after: that is told in its own mail.
        """
        ...

    async def told(self, story_id: str) -> Told | None:
        """What the alerts on a story told so far, under the number of the first; None before one was sent."""
        ...

    async def alerts(self, numbers: Collection[int]) -> Mapping[int, str]:
        """The ids of the stories of these alerts."""
        ...

    async def stop(self, story_id: str, now: datetime) -> int:
        """Cancel everything not yet handed over of the alerts on a story, and who waits for them; answers how many."""
        ...

    async def recipients(self, numbers: Collection[int], after: str, limit: int) -> list[Recipient]:
        """Who got these bulletins or may have got them, ordered by id, those behind `after`; each with the last mail.

        Who left is not among them; who paused is.
        """
        ...

    async def bulletins_with(self, story_id: str) -> Sequence[int]:
        """The numbers of the alerts that told of a story, alone or with others, and of updates of it."""
        ...

    async def claim(self, now: datetime, limit: int, lease: Lease) -> list[Claimed]:
        """Claim deliveries that are due, by priority; never one whose subscriber may not be mailed."""
        ...

    async def holds(self, delivery_id: int) -> bool:
        """Whether a claimed delivery is still to be handed over: its reader may have left since."""
        ...

    async def record(self, outcomes: Sequence[tuple[Delivery, Handover]], now: datetime) -> None:
        """Write what became of these deliveries."""

    async def release(self, deliveries: Sequence[Delivery]) -> None:
        """Give back claimed deliveries that were never attempted."""

    async def recover(self, now: datetime) -> int:
        """Free what was claimed under leases that ended; answers how many."""
        ...


class Register(Protocol):
    """The roll of subscribers: who joined, confirmed, changed, left."""

    async def join(self, sign_up: SignUp, consent: Consent | None, now: datetime) -> Joining:
        """Add a subscriber, pending unless consent is given.

        Who is pending gets the new choice, who is confirmed keeps the old one, who left begins anew; consent from
        before that does not count. A suppressed address is taken in like a new one, as pending: nothing is ever sent
        there, and nobody can tell.
        """
        ...

    async def find(self, subscriber_id: str) -> tuple[Subscriber, Standing] | None:
        """The subscriber with this id."""
        ...

    async def confirm(self, subscriber_id: str, consent: Consent, covered_until: datetime) -> bool:
        """Confirm a pending subscriber; false when it was none."""
        ...

    async def choose(self, subscriber_id: str, choice: Choice, covered_until: datetime) -> bool:
        """Give a confirmed subscriber another choice; false when there is none."""
        ...

    async def pause(self, subscriber_id: str, until: datetime | None, now: datetime) -> bool:
        """Send nothing before `until`, and cancel every bulletin not yet handed over; None goes on at once.

        False when no such subscriber is confirmed.
        """
        ...

    async def end(self, subscriber_id: str, reason: str, now: datetime) -> bool:
        """End a subscription and cancel everything not yet handed over; false when nothing was to end."""
        ...

    async def erase(self, subscriber_id: str, why: Suppression, now: datetime) -> bool:
        """Delete all that is known of a subscriber but the keyed hash of the address; false when there is none."""
        ...

    async def ask_move(self, subscriber_id: str, address: str, now: datetime) -> Move | None:
        """Open a change of address, in place of an earlier one; None when no such subscriber is confirmed."""
        ...

    async def confirm_move(self, subscriber_id: str, side: BulletinKind, asked_at: datetime) -> Move | None:
        """Note that one side (`MOVE_OLD`, `MOVE_NEW`) confirmed the change asked for then.

        With both, the address changes, unless somebody else has it or it is suppressed. None when there is no such
        change under way.
        """
        ...

    async def tidy(self, now: datetime) -> Tidied:
        """Erase what is kept no longer: see `domain.retention`."""
        ...


class Issue(Protocol):
    """The digest of one window, as it is made for many readers."""

    def composed(self, plan: Plan, choice: Choice) -> Composition:
        """The content for readers with this plan; schedule, edition and country of the choice count."""
        ...


class Composer(Protocol):
    """Renders compositions from shared blocks. Raises `ConfigError` when a template is wrong."""

    def issue(self, surroundings: Surroundings, number: int) -> Issue:
        """What composes the digests of one window."""
        ...

    def alert(self, alerts: Sequence[Alert], sent: datetime, edition: Edition) -> Composition:
        """A mail with one alert, or with several that leave together; `sent` is when it was written."""
        ...

    def correction(
        self, kind: BulletinKind, number: int, corrected: int, note: Note, story: Story | None, edition: Edition
    ) -> Composition:
        """The mail that says what was wrong in the bulletin `corrected`; with `story.marks.withdrawn`, all of it."""
        ...

    def lull(self, surroundings: Surroundings, number: int, choice: Choice) -> Composition:
        """The notice that nothing was found in `surroundings.window`, and which sources were looked at."""
        ...

    def confirmation(self, schedule: Schedule, edition: Edition) -> Composition:
        """The mail that asks a new subscriber to confirm."""
        ...

    def letter(self, kind: BulletinKind, edition: Edition) -> Composition:
        """The mail with a link to the settings, or one of those that confirm a change of address."""
        ...

    def slots(
        self, choice: Choice, picks: Sequence[Pick] = (), earlier: Mapping[str, Earlier] | None = None
    ) -> tuple[tuple[str, str], ...]:
        """What stands in the reader's own places: the phrase, and why each of these stories is sent.

        `earlier` says by followed name (as the reader wrote it) when it was last in the news, and with which story.
        """
        ...


class Assembler(Protocol):
    """Joins blocks and slots into one subscriber's message."""

    def assemble(self, claimed: Claimed) -> Message: ...


class Relay(Protocol):
    """Hands messages over to the mail relay, over at most `connections` at a time."""

    @property
    def connections(self) -> int: ...

    async def hand_over(self, message: Message) -> Handover: ...

    async def close(self) -> None: ...


class Callers(Protocol):
    """Tells editors by mail that an alert waits; no link in it acts."""

    async def call(self, editor: Editor, story: Story, calls: int) -> Handover:
        """Send one call; `calls` were sent before."""
        ...


class Notice(Protocol):
    """Tells the operator something: what happened, where, what to do."""

    def __call__(self, event: str, **facts: object) -> None: ...
