"""Counts rarity.tsv anew from the labelled statements: ``python -m campaigns.rarity > rarity.tsv``."""

import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping

from nkwatch.catalogue.labelled import load_labelled
from nkwatch.catalogue.stories import load_vocabulary
from nkwatch.reading.figures import numbers
from nkwatch.reading.particulars import LEAD
from nkwatch.reading.vocabulary import Vocabulary

#: A key that stands in fewer texts of a language is rare; a language with fewer texts counts as if it had these.
FEWEST, TEXTS = 3, 100
#: Shares are written as texts in so many; what stands in fewer than `LEAST` of them is as rare as can be.
OF, LEAST = 10_000, 12
HEAD = """\
# In how many of 10,000 texts on North Korea a key stands, in the language where it is most frequent; counted from the
# labelled statements by campaigns/rarity.py."""


def shares(texts: Mapping[str, Iterable[str]], vocabulary: Vocabulary) -> dict[str, int]:
    """In how many of `OF` texts each key stands, the most over all languages."""
    found: dict[str, int] = defaultdict(int)
    for told in texts.values():
        each = [{*vocabulary.keys(text), *(f"n:{n:g}" for n in numbers(text))} for text in told]
        for key, count in Counter(key for keys in each for key in keys).items():
            if count >= FEWEST:
                found[key] = max(found[key], round(OF * count / max(len(each), TEXTS)))
    return {key: share for key, share in sorted(found.items()) if share >= LEAST}


def main() -> None:
    """Print the table."""
    texts: dict[str, set[str]] = defaultdict(set)
    for one in load_labelled():
        if one.about_nk:
            texts[one.language].add(f"{one.title}\n{one.text[:LEAD]}")
    sys.stdout.write(f"{HEAD}\n")
    for key, share in shares(texts, load_vocabulary()).items():
        sys.stdout.write(f"{key}\t{share}\n")


if __name__ == "__main__":
    main()
