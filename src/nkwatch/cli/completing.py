"""What a shell offers where Tab is pressed: ids and names, from the settings and the catalogue.

Nothing but these files is read: no database, no secret. Where the settings are missing or wrong there is less to choose
from, and nothing is said of it: the command itself will.
"""

from collections.abc import Iterable, Iterator
from pathlib import Path

import typer

from nkwatch.assembly.parts import sources_of
from nkwatch.catalogue.sources import load_sources
from nkwatch.config import Config, load_config
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.source import Source

Offer = Iterable[tuple[str, str]]
"""What may stand there, and a word on each that some shells show beside it."""


def all_sources(context: typer.Context, incomplete: str) -> Offer:
    """Every source."""
    return _beginning(incomplete, _sources(context))


def sources_on(context: typer.Context, incomplete: str) -> Offer:
    """The sources that are polled."""
    return _beginning(incomplete, (s for s in _sources(context) if s.enabled))


def sources_off(context: typer.Context, incomplete: str) -> Offer:
    """The sources that may be switched on."""
    return _beginning(incomplete, (s for s in _sources(context) if not s.enabled))


def own_sources(context: typer.Context, incomplete: str) -> Offer:
    """The sources of the settings."""
    config = _config(context)
    return _beginning(incomplete, (s.source() for s in config.source) if config else ())


def editors(context: typer.Context, incomplete: str) -> Offer:
    """The names of the editors."""
    config = _config(context)
    return _names((e.name for e in config.editor) if config else (), incomplete)


def webhooks(context: typer.Context, incomplete: str) -> Offer:
    """The names of the webhooks."""
    config = _config(context)
    return _names((w.name for w in config.webhook) if config else (), incomplete)


def _names(names: Iterable[str], incomplete: str) -> Iterator[tuple[str, str]]:
    # a blank would tear the name apart: shells are told words, and bash puts them in as they are
    return ((n, "") for n in names if n.startswith(incomplete) and n.split() == [n])


def _beginning(incomplete: str, sources: Iterable[Source]) -> Iterator[tuple[str, str]]:
    return ((s.id, s.publisher) for s in sources if s.id.startswith(incomplete))


def _sources(context: typer.Context) -> Iterable[Source]:
    config = _config(context)
    try:
        return (sources_of(config) if config else load_sources()).values()
    except ConfigError:
        return load_sources().values()


def _config(context: typer.Context) -> Config | None:
    # nothing of the command line was run: what stands before the command is known to the root alone
    given: Path | str | None = context.find_root().params.get("config")
    try:
        return load_config(Path(given or "nkwatch.toml"))
    except ConfigError:
        return None
