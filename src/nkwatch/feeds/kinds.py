"""Kinds of source: how a source is asked, read and checked. Each kind is one module; `assembly` lists them.

Most are a document on the web (`DocumentKind`): asked conditionally, parsed in a worker process. A mailbox is its own.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Protocol

from nkwatch.domain.outcome import Failed, Outcome, Trouble
from nkwatch.domain.polling import PollState
from nkwatch.domain.source import Source
from nkwatch.feeds.documents import Reader


class Kind(Protocol):
    """A kind of source, by the name that stands in the catalogue."""

    @property
    def name(self) -> str: ...

    def problems(self, source: Source) -> Iterable[str]:
        """What is wrong or missing in the settings of a source of this kind; sentences."""
        ...

    async def poll(self, source: Source, state: PollState) -> Outcome:
        """Ask once, with the validators of `state`; whatever goes wrong is a `Failed`."""
        ...


def no_problems(_source: Source) -> Iterable[str]:
    """Nothing can be wrong with the settings of such a source."""
    return ()


def same_address(_source: Source, address: str) -> str:
    """The address is asked as it is."""
    return address


class Problems(Protocol):
    """Looks at the settings of a source."""

    def __call__(self, source: Source, /) -> Iterable[str]: ...


class Asked(Protocol):
    """Answers the address to ask for a source that is at `address`."""

    def __call__(self, source: Source, address: str, /) -> str: ...


@dataclass(frozen=True, slots=True)
class DocumentKind:
    """A kind whose sources are one document on the web, read by `read` (importable by name).

    `accept` is the Accept header. `robots` says whether robots.txt is heeded: it is for pages made for people, and
    not for what is published for polling (decision 0007). `may_empty` says that showing nothing after something is no
    failure: a news sitemap holds the last two days only.
    """

    name: str
    accept: str
    read: Reader
    robots: bool = True
    may_empty: bool = False
    problems: Problems = no_problems
    asked: Asked = same_address


def unknown_options(what: str, source: Source, known: Collection[str]) -> Iterator[str]:
    """That a source, which is `what`, has options that nobody reads."""
    if unknown := sorted(source.options.keys() - set(known)):
        yield f"{what} has no option {', '.join(unknown)}; there are {', '.join(sorted(known))}"


def unreached(reason: str, *, line: bool) -> Failed:
    """What it means for a source that there is no answer; `line` where our own line may be to blame."""
    return Failed(reason, trouble=Trouble.UNREACHED if line else Trouble.FAILING)


class KindPoller:
    """Polls each source as its kind asks."""

    def __init__(self, kinds: Iterable[Kind]) -> None:
        self.kinds: Mapping[str, Kind] = {kind.name: kind for kind in kinds}

    async def poll(self, source: Source, state: PollState) -> Outcome:
        """Ask `source` once; an unknown kind is a failure of this source only."""
        kind = self.kinds.get(source.kind)
        return await kind.poll(source, state) if kind else Failed(self.problem(source))

    def problems(self, source: Source) -> list[str]:
        """What is wrong with the settings of `source`."""
        kind = self.kinds.get(source.kind)
        return list(kind.problems(source)) if kind else [self.problem(source)]

    def problem(self, source: Source) -> str:
        """That nobody knows this kind."""
        return f"there is no kind of source named {source.kind!r}; there are {', '.join(sorted(self.kinds))}"
