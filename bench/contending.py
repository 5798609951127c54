"""Contenders: processes that wait for their turn, forked from one that has loaded what they are made of."""

import multiprocessing
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from multiprocessing.connection import Connection

#: To load everything takes longer than many a turn: it is done once. Whoever forks has no threads.
_FORKS = multiprocessing.get_context("fork")
Answer = Mapping[str, Any]


@dataclass(slots=True)
class Contender:
    """A process that answers in each turn."""

    name: str
    line: "Connection"
    #: what it said when it was ready
    made: Answer = field(default_factory=dict)
    turns: list[Answer] = field(default_factory=list)

    def ask(self) -> None:
        """One turn more."""
        self.line.send(None)
        self.turns.append(self.answer())

    def answer(self) -> Answer:
        """What it says next."""
        try:
            told: Answer = self.line.recv()
        except EOFError:
            raise RuntimeError(f"{self.name} ended") from None
        return told

    def each(self, *stages: str, per: str = "readers") -> list[float]:
        """Microseconds of these stages for one reader or mail, turn by turn."""
        return [1e6 * sum(turn[stage] for stage in stages) / turn[per] for turn in self.turns]

    def all(self, what: str) -> float:
        """The sum over all turns."""
        return float(sum(turn[what] for turn in self.turns))


@contextmanager
def contender(turns: Callable[..., Iterator[Answer]], *arguments: object) -> Iterator[Contender]:
    """A process that has said that it is ready, its first answer, and is killed in the end."""
    here, there = _FORKS.Pipe()
    process = _FORKS.Process(target=_serve, args=(there, turns, arguments))
    process.start()
    there.close()
    one = Contender(f"{turns.__module__} {arguments}", here)
    try:
        one.made = one.answer()
        yield one
    finally:
        process.kill()
        process.join()
        here.close()


def alone(work: Callable[..., Answer | None], *arguments: object) -> Answer:
    """What `work` answers in a process of its own, which leaves nothing in the memory of this one."""

    def once() -> Iterator[Answer]:
        yield work(*arguments) or {}

    with contender(once) as one:
        return one.made


def _serve(line: "Connection", turns: Callable[..., Iterator[Answer]], arguments: tuple[object, ...]) -> None:
    for answer in turns(*arguments):
        line.send(answer)
        line.recv()
