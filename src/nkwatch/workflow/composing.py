"""Compose for many readers: a wrong template holds back those who need it, and nobody else."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from typing import TypeVar

from nkwatch.domain.bulletin import Addressed
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.subscriber import Subscriber
from nkwatch.workflow.ports import Notice

T = TypeVar("T")

Composed = tuple[tuple[Addressed, ...], frozenset[str]]
"""The deliveries, and the ids of the readers whose mail could not be composed."""
NOBODY: Composed = ((), frozenset())


@dataclass(frozen=True, slots=True)
class Composing:
    """`told` are the problems that the operator knows of: each is told once."""

    notice: Notice
    told: set[str] = field(default_factory=set)

    def __call__(
        self, event: str, wanted: Iterable[tuple[Subscriber, T]], compose: Callable[[Subscriber, T], Addressed]
    ) -> Composed:
        """Compose for each reader from what is wanted for them; `event` is what the operator is told of problems."""
        deliveries: list[Addressed] = []
        problems: dict[str, str] = {}
        for reader, content in wanted:
            try:
                deliveries.append(compose(reader, content))
            except ConfigError as wrong:
                problems[reader.id] = str(wrong)
        for problem in sorted(set(problems.values()) - self.told):
            self.notice(event, readers=len(problems), why=problem)
        self.told.update(problems.values())
        return tuple(deliveries), frozenset(problems)
