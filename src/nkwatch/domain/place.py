"""A *place* is one that statements on North Korea speak of: a town, a camp, a province, a country on the way out."""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import accumulate

#: Stands between the parts of a code.
WITHIN = "."


@dataclass(frozen=True, slots=True)
class Place:
    """Its `code` says where it lies: kp.ryanggang.hyesan lies in kp.ryanggang, and that in the country KP.

    `names` are what readers are told, `terms` what texts call it, both by language. What looks like a term and is none,
    such as 청진기 (a stethoscope) beside 청진, is one of its `masks`.
    """

    code: str
    country: str
    names: Mapping[str, str]
    terms: Mapping[str, tuple[str, ...]]
    masks: tuple[str, ...] = ()

    def name(self, language: str) -> str:
        """The place's name in `language`, else in English."""
        return self.names.get(language) or self.names["en"]


def lies_in(code: str, other: str) -> bool:
    """Whether the place of one code lies in that of another one."""
    return code.startswith(f"{other}{WITHIN}")


def depth(code: str) -> int:
    """How narrow a place is: 1 for a country, more for what lies in it."""
    return code.count(WITHIN) + 1


def around(code: str) -> tuple[str, ...]:
    """The codes of a place and of all that it lies in, the widest first."""
    return tuple(accumulate(code.split(WITHIN), lambda wide, narrow: f"{wide}{WITHIN}{narrow}"))
