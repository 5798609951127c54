"""Takes over a roll of readers that was kept elsewhere. What is to be done is planned first, as data, then done.

Who gave a consent that is on record is subscribed; who is only known to have been on a list is asked once; who left,
or where nothing arrives, is never mailed. Doing it twice does nothing more, until who did not confirm has been erased.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Protocol

from nkwatch.domain.subscriber import Choice, Consent, SignUp, Standing, Suppression
from nkwatch.workflow.ports import Clock, Register
from nkwatch.workflow.subscribe import Joined, Subscribe

DAY = timedelta(days=1)
LONG_AGO = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Row:
    """One person on a roll. `place` says where the row stands; `left` why they must not be mailed, and `left_at` since
    when, where that is known.
    """

    place: str
    address: str = field(repr=False)
    choice: Choice = field(default_factory=Choice)
    consent: Consent | None = None
    left: Suppression | None = None
    left_at: datetime | None = None
    paused_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What is known of an address already. `consented_at` is when somebody who is subscribed agreed to it."""

    standing: Standing | None = None
    suppression: Suppression | None = None
    consented_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Add:
    """Subscribe at once: there is a consent. Nothing is sent before `paused_until`."""

    place: str
    sign_up: SignUp
    consent: Consent
    paused_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Ask:
    """Ask once for a consent, not before `not_before`."""

    place: str
    sign_up: SignUp
    not_before: datetime | None = None


@dataclass(frozen=True, slots=True)
class Suppress:
    """Never mail this address, and end a subscription that is not newer."""

    place: str
    address: str = field(repr=False)
    why: Suppression
    at: datetime


@dataclass(frozen=True, slots=True)
class Skip:
    """Do nothing."""

    place: str
    why: str


Action = Add | Ask | Suppress | Skip


@dataclass(frozen=True, slots=True)
class Imported:
    """How many were subscribed, asked, suppressed and skipped; and suppressed meanwhile by somebody else."""

    added: int = 0
    asked: int = 0
    suppressed: int = 0
    skipped: int = 0
    overtaken: int = 0


class Roll(Register, Protocol):
    """The roll of subscribers, by address too."""

    async def suppress(self, address: str, why: Suppression, at: datetime) -> None:
        """Note that an address is not to be mailed; a subscription that is not newer ends."""
        ...


def plan(rows: Iterable[Row], known: Mapping[str, Known], now: datetime, per_day: int) -> list[Action]:
    """What is to be done with these rows. `known` is by address in small letters (`key`).

    First who must not be mailed, then who consented, the latest first since they are the likeliest to want it, then
    who is asked. First mails are spread over days (`warm_up_day`); 0 `per_day` spreads nothing.
    """
    kept, repeated = _once(rows)
    decided = [_decided(row, known.get(key(row.address), Known()), now) for row in kept]
    adds = sorted((a for a in decided if isinstance(a, Add)), key=lambda a: a.consent.given_at, reverse=True)
    asks = [a for a in decided if isinstance(a, Ask)]
    first_mailed: list[Add | Ask] = [*adds, *asks]
    first_mails = (_put_off(a, now, warm_up_day(n, per_day)) for n, a in enumerate(first_mailed))
    rest = [a for a in decided if isinstance(a, Skip)]
    return [*(a for a in decided if isinstance(a, Suppress)), *first_mails, *rest, *repeated]


def key(address: str) -> str:
    """By what an address is compared: case tells no two mailboxes apart in practice."""
    return address.casefold()


def warm_up_day(place: int, per_day: int) -> int:
    """On which day (0 is today) the first mail of the `place`-th reader (from 0) goes.

    `per_day` on the first day and twice as many on each further one: mail providers distrust a sender that suddenly
    sends much, and a doubling from day to day is the most that is usually advised.
    """
    return (place // per_day + 1).bit_length() - 1 if per_day else 0


def _once(rows: Iterable[Row]) -> tuple[list[Row], list[Skip]]:
    """Each address once: leaving comes before reading, a consent before none, the first before later ones."""
    kept: dict[str, Row] = {}
    repeated: list[Skip] = []
    for row in rows:
        first = kept.setdefault(key(row.address), row)
        if first is row:
            continue
        kept[key(row.address)], other = (row, first) if _weight(row) > _weight(first) else (first, row)
        repeated.append(Skip(other.place, f"the same address stands at {kept[key(row.address)].place}"))
    return list(kept.values()), repeated


def _weight(row: Row) -> tuple[int, bool]:
    return (row.left.weight if row.left else -1, row.consent is not None)


def _decided(row: Row, known: Known, now: datetime) -> Action:
    if row.left:
        return _leaving(row, row.left, known, now)
    if known.suppression:
        return Skip(row.place, f"is not to be mailed here: {known.suppression}")
    if known.standing is Standing.CONFIRMED:
        return Skip(row.place, "is subscribed already")
    if known.standing is Standing.ENDED:
        return Skip(row.place, "left here")
    sign_up = SignUp(row.address, row.choice)
    # evidence from the future is none
    if row.consent and row.consent.given_at <= now:
        return Add(row.place, sign_up, row.consent, row.paused_until)
    return Skip(row.place, "has been asked already") if known.standing else Ask(row.place, sign_up)


def _leaving(row: Row, why: Suppression, known: Known, now: datetime) -> Action:
    if known.suppression and known.suppression.weight >= why.weight:
        return Skip(row.place, f"is suppressed already: {known.suppression}")
    subscribed = known.standing is Standing.CONFIRMED
    if subscribed and not why.final and (known.consented_at or LONG_AGO) > (row.left_at or now):
        return Skip(row.place, "subscribed here after leaving there")
    return Suppress(row.place, row.address, why, row.left_at or now)


def _put_off(action: Add | Ask, now: datetime, days: int) -> Add | Ask:
    day = now + days * DAY if days else None
    if isinstance(action, Ask):
        return replace(action, not_before=day)
    return replace(action, paused_until=max((d for d in (action.paused_until, day) if d), default=None))


@dataclass(frozen=True, slots=True)
class ImportRoll:
    """Does what was planned."""

    roll: Roll
    subscribe: Subscribe
    clock: Clock

    async def __call__(
        self, actions: Sequence[Action], progress: Callable[[int, int], None] = lambda _done, _of: None
    ) -> Imported:
        """Do these actions, one transaction or two for each; it may be stopped and done again at any time."""
        done = {"added": 0, "asked": 0, "suppressed": 0, "skipped": 0, "overtaken": 0}
        for n, action in enumerate(actions, 1):
            done[await self._do(action)] += 1
            progress(n, len(actions))
        return Imported(**done)

    async def _do(self, action: Action) -> str:
        match action:
            case Add():
                return await self._add(action)
            case Ask():
                joined = await self.subscribe.join(action.sign_up, not_before=action.not_before)
                return "asked" if joined is Joined.ASKED else "overtaken"
            case Suppress():
                await self.roll.suppress(action.address, action.why, action.at)
                return "suppressed"
            case Skip():
                return "skipped"

    async def _add(self, action: Add) -> str:
        now = self.clock()
        joining = await self.roll.join(action.sign_up, action.consent, now)
        if not joining.confirmed:
            return "overtaken"
        if action.paused_until and action.paused_until > now:
            await self.roll.pause(joining.subscriber.id, action.paused_until, now)
        return "added"
