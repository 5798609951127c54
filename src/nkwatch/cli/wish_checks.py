"""What `nkwatch doctor` looks at of what readers chose: whether it can still be met."""

from collections.abc import Container, Iterable, Sequence

from nkwatch.assembly.parts import sources_of
from nkwatch.catalogue.rules import load_rules
from nkwatch.cli.checks import ADVICE, FINE, Patient, opened
from nkwatch.domain.posture import Finding
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.wish import Wish
from nkwatch.store.wishing import wishes_of_readers

ABOUT = "wishes"
#: Names of themes and sources that are told.
TOLD = 5


async def wishes(patient: Patient) -> list[Finding]:
    """Whether readers chose nothing but themes or sources that were taken out since: they get nothing, in silence."""
    try:
        themes, sources = load_rules(patient.config.rules).lexicon.by_code, sources_of(patient.config)
    except ConfigError:  # that is told where the settings are looked at
        return []
    found: list[Finding] = []
    async with opened(patient) as store:
        if store:
            found.append(_told(_lost(await store.read(wishes_of_readers), themes, sources)))
    return found


def _lost(chosen: Iterable[Sequence[Wish]], themes: Container[str], sources: Container[str]) -> list[frozenset[str]]:
    """What each reader names in vain none of whose wishes can be met."""
    lost = ([wish.lost(themes, sources) for wish in wishes] for wishes in chosen)
    return [frozenset().union(*names) for names in lost if names and all(names)]


def _told(lost: Sequence[frozenset[str]]) -> Finding:
    if not lost:
        return Finding(ABOUT, FINE, "what readers chose is there")
    names = sorted(frozenset().union(*lost))
    said = ", ".join(names[:TOLD]) + (", ..." if len(names) > TOLD else "")
    do = "Put it back into the rules or the sources (or switch it off there instead), or write to these readers."
    return Finding(
        ABOUT, ADVICE, f"readers who get nothing, as what they chose was taken out: {len(lost)} ({said})", do
    )
