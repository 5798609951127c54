"""What is asked for: filters, where a page begins and how long it is, with all that is mistaken in it."""

import base64
import re
from binascii import Error
from collections.abc import Collection
from dataclasses import dataclass
from urllib.parse import urlencode

from starlette.datastructures import QueryParams

from nkwatch.domain.search import LARGEST_PAGE, Query
from nkwatch.web.asking import MOST_VALUES, Known, read_query

#: Entries on a page where nobody says how many.
USUAL = 30
FILTERS = ("q", "theme", "source", "country", "language", "asked", "since", "until", "urgency", "speaker", "addressee")
#: What people write, in any letters.
WORDS = frozenset({"q", "speaker", "addressee"})
RIGHTS, CURSOR, LIMIT, BOM = "rights", "cursor", "limit", "bom"
QUERY = (*FILTERS, RIGHTS)
_BYTES = 8
_NUMBER = re.compile(r"\d{1,3}", re.ASCII)
_CURSOR = re.compile(r"[A-Za-z0-9_-]{11}", re.ASCII)
_YES_NO = {"": False, "no": False, "yes": True}


@dataclass(frozen=True, slots=True)
class Asked:
    """What an address asks for; `problems` are sentences, and then nothing of the rest counts."""

    query: Query
    before: int | None = None
    limit: int = USUAL
    bom: bool = False
    problems: tuple[str, ...] = ()


def read_asked(params: QueryParams, known: Known, names: Collection[str]) -> Asked:
    """What these parameters ask for, of those that may stand here."""
    query, mistakes = read_query(params, known) if set(names).intersection(QUERY) else (Query(), [])
    problems = [*_strangers(params, names), *_crowds(params), *_unclean(params), *map(str, mistakes)]
    before = place(params.get(CURSOR, ""))
    if params.get(CURSOR) and before is None:
        problems.append("`cursor` is none that was given out: take that of `next`, or leave it out.")
    limit = params.get(LIMIT, str(USUAL))
    if not _NUMBER.fullmatch(limit) or not 1 <= int(limit) <= LARGEST_PAGE:
        problems.append(f"`limit` is a number from 1 to {LARGEST_PAGE}, not “{limit[:20]}”.")
        limit = str(USUAL)
    problems += [f"`{n}` is yes or no." for n in (RIGHTS, BOM) if params.get(n, "") not in _YES_NO]
    problems += [f"`{n}` can be given once." for n in (CURSOR, LIMIT, RIGHTS, BOM) if len(params.getlist(n)) > 1]
    bom = _YES_NO.get(params.get(BOM, ""), False)
    return Asked(query, before, int(limit), bom, tuple(dict.fromkeys(problems)))


def cursor(number: int) -> str:
    """A place among numbers, as an address has it: nobody is to read anything in it."""
    return base64.urlsafe_b64encode(number.to_bytes(_BYTES, "big")).decode().rstrip("=")


def place(text: str) -> int | None:
    """The number of a cursor; None where it is none."""
    if not _CURSOR.fullmatch(text):
        return None
    try:
        number = int.from_bytes(base64.urlsafe_b64decode(f"{text}="), "big")
    except Error:
        return None
    return number if number < 1 << 63 and cursor(number) == text else None


def following(address: str, params: QueryParams, number: int | None) -> str:
    """The address of the next page, which begins before this number; empty where there is none."""
    if number is None:
        return ""
    kept = [(n, v) for n, v in params.multi_items() if n != CURSOR and v]
    return f"{address}?{urlencode([*kept, (CURSOR, cursor(number))])}"


def _crowds(params: QueryParams) -> list[str]:
    """Values that say nothing count, too: so the description has it."""
    crowded = any(len(params.getlist(n)) > MOST_VALUES for n in params)
    return [f"At most {MOST_VALUES} values of one filter can be given."] if crowded else []


def _unclean(params: QueryParams) -> list[str]:
    """Codes and dates are written in one way alone; what people write in words may hold anything."""
    wrong = {n for n, v in params.multi_items() if n not in WORDS and (not v.isprintable() or v != v.strip())}
    return [f"`{n[:40]}` holds letters that nobody sees." for n in sorted(wrong)]


def _strangers(params: QueryParams, names: Collection[str]) -> list[str]:
    unknown = [n for n in dict.fromkeys(params.keys()) if n not in names]
    there = ", ".join(sorted(names)) or "none"
    return [f"There is no parameter “{n[:40]}”; here there are: {there}." for n in unknown[:5]]
