"""Reads concepts.tsv and rarity.tsv into the vocabulary that stories are found by."""

from functools import cache
from importlib.resources import files

from nkwatch.reading.vocabulary import Vocabulary


@cache
def load_vocabulary() -> Vocabulary:
    """The vocabulary that ships with nkwatch."""
    concepts = {t.strip(): name for name, terms in _rows("concepts") for t in terms.split(",")}
    return Vocabulary(concepts, {key: int(share) / 10_000 for key, share in _rows("rarity")})


def _rows(name: str) -> list[tuple[str, str]]:
    text = (files("nkwatch.catalogue") / f"{name}.tsv").read_text("utf-8")
    rows = (line.partition("\t") for line in text.splitlines() if line and not line.startswith("#"))
    return [(key, value) for key, _, value in rows]
