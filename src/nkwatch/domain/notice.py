"""A *notice*: something that the operator is to hear of, as it is kept for the morning's mail."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime


@dataclass(frozen=True, slots=True)
class Noticed:
    """What happened, `times` between `at` and `last_at` (UTC). `facts` are words by name, without any address."""

    event: str
    facts: tuple[tuple[str, str], ...]
    at: datetime
    last_at: datetime
    times: int = 1

    @classmethod
    def of(cls, event: str, facts: Mapping[str, str], now: datetime) -> "Noticed":
        """What happened now."""
        return cls(event, tuple(facts.items()), now, now)

    @property
    def key(self) -> tuple[str, tuple[tuple[str, str], ...]]:
        """Two of one key are the same thing again."""
        return self.event, self.facts

    def again(self, other: "Noticed") -> "Noticed":
        """This and another one of the same key, as one."""
        at, last_at = min(self.at, other.at), max(self.last_at, other.last_at)
        return replace(self, at=at, last_at=last_at, times=self.times + other.times)
