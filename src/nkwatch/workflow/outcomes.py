"""What became of messages and is not yet written: it is written in groups, and soon."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence

from nkwatch.domain.delivery import Delivery, Handover, Turn
from nkwatch.workflow.permits import GROUP

#: Outcomes are written after so many seconds, however few there are.
PATIENCE = 0.05

Answered = tuple[Delivery, Handover]


class Outcomes:
    """Answers in the order in which they came; `ring` is called when they are to be written."""

    def __init__(self, ring: Callable[[], None]) -> None:
        self._ring = ring
        self._answered: deque[Answered] = deque()
        self._at_once = False
        self._patience: asyncio.TimerHandle | None = None

    def __len__(self) -> int:
        """How many are not written."""
        return len(self._answered)

    @property
    def ids(self) -> frozenset[int]:
        """The deliveries that they are of."""
        return frozenset(delivery.id for delivery, _ in self._answered)

    def add(self, delivery: Delivery, outcome: Handover, *, hurry: bool) -> None:
        """One more; with `hurry` somebody waits until it is written."""
        self._answered.append((delivery, outcome))
        if delivery.turn is Turn.FIRST:
            self._at_once = True
        if hurry or self._at_once or len(self._answered) >= GROUP:
            self._ring()
        elif self._patience is None:
            self._be_patient()

    def is_due(self, *, hurry: bool) -> bool:
        """Whether a group is to be written now."""
        return len(self._answered) >= GROUP or (bool(self._answered) and (hurry or self._at_once))

    def group(self) -> list[Answered]:
        """Those for one transaction; one that a dead worker left behind is written by itself."""
        group: list[Answered] = []
        while self._answered and len(group) < GROUP:
            alone = self._answered[0][0].turn is Turn.FIRST
            if alone and group:
                break
            group.append(self._answered.popleft())
            if alone:
                break
        self._begin_again()
        return group

    def put_back(self, group: Sequence[Answered]) -> None:
        """These could not be written."""
        self._answered.extendleft(reversed(group))

    def _begin_again(self) -> None:
        if self._patience:
            self._patience.cancel()
            self._patience = None
        self._at_once = any(delivery.turn is Turn.FIRST for delivery, _ in self._answered)
        if self._answered and not self._at_once:
            self._be_patient()

    def _be_patient(self) -> None:
        self._patience = asyncio.get_running_loop().call_later(PATIENCE, self._have_waited)

    def _have_waited(self) -> None:
        self._patience, self._at_once = None, True
        self._ring()
