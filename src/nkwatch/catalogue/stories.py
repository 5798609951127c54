"""Reads concepts.tsv and rarity.tsv into the vocabulary that stories are found by."""

from functools import cache

from nkwatch.catalogue.shipped import shipped
from nkwatch.reading.vocabulary import Vocabulary


@cache
def load_vocabulary() -> Vocabulary:
    """The vocabulary that ships with nkwatch."""
    concepts = {t.strip(): name for name, terms in _rows("concepts") for t in terms.split(",")}
    return Vocabulary(concepts, {key: int(share) / 10_000 for key, share in _rows("rarity")})


def _rows(name: str) -> list[tuple[str, str]]:
    rows = (line.partition("\t") for line in shipped(f"{name}.tsv").splitlines() if line and not line.startswith("#"))
    return [(key, value) for key, _, value in rows]
