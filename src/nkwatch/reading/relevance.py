"""Is North Korea, its people, state, escapees, abductees or detainees the subject, or is it merely named?"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from nkwatch.domain.reading import Evidence
from nkwatch.reading import headlines
from nkwatch.reading.folding import CJK
from nkwatch.reading.lexicon import HINTS, NAMES, THEME, Hit

#: Lists beside names and hints; relevance.toml says what stands in them.
NEAR = (
    "near:context",
    "near:elsewhere",
    "near:actors",
    "near:domestic",
    "near:offices",
    "near:occasion",
    "near:deeds",
)
CONTEXT, ELSEWHERE, ACTORS, DOMESTIC, OFFICES, OCCASION, DEEDS = NEAR
LISTS = (NAMES, HINTS, *NEAR)
#: A lead of this many code points says what a text is about.
LEAD = 300
#: A character of hangul, kana or Chinese says as much as so many letters.
LETTERS = 3
#: A text begins with its subject (letters).
OPENING = 240
#: A name so near the beginning is the subject of the first sentence (letters).
FIRST = 42
#: Where and by whom a report was written: (서울=연합뉴스) 아무개 기자 =, (New York) –, 【ソウル共同】, GENEVA (AP) -.
DATELINE = re.compile(
    r"\s*(?:[(\[【][^()\[\]【】\n]{1,40}[)\]】](?:[^=\n]{0,24}=)?|[A-Z][A-Z .,]{2,30}(?:\([^()\n]{1,30}\))?)"
    r"\s*[-–—]?\s*"
)
#: A title that names nobody and is no longer heads a chapter (Death penalty): its text tells of whom (letters).
HEADING = 40
#: Such a short one is hardly any title (letters).
NO_TITLE = 24
#: At and above this weight a text is on North Korea.
SUBJECT = 1.0
#: What a name weighs by where it stands: the subject stands in the title, or several times in the lead.
IN_TITLE, IN_LEAD, IN_BODY = 1.0, 0.7, 0.2
#: What each further name in the lead weighs where the title has no sign of North Korea.
AGAIN = 0.2
#: What the first of them weighs there, where the text does not begin with it.
LATER = 0.4
#: What a hint weighs there, each different one once.
HINT_IN_TITLE, HINT_IN_LEAD, HINT_IN_BODY = 0.7, 0.3, 0.1
#: A name in a list of countries ("Iran, Russia and North Korea") weighs this much of it.
LISTED = 0.3
#: As many other countries beside a name make a list.
MANY = 2
#: A name that is only the occasion ("amid a race with North Korea") weighs this much of it.
BESIDE = 0.2
#: Where politics or a court at home are the subject, all of it weighs at most this much.
AT_HOME = 0.9
#: Themes of politics, or of context: they do not make a text one on rights.
POLITICS = frozenset(f"{THEME}{code}" for code in ("diplomacy", "security", "culture"))
#: A source that writes on nothing else needs little more to convince.
NK_ONLY_PRIOR = 0.8
#: A text that names the country in its lead and speaks of human rights is on both.
RIGHTS_PRIOR = 0.3
#: How much evidence is kept: enough to explain, not all of a long report.
KEPT = 5
#: What stands between the members of a list.
_JOINED = re.compile(
    r"[\s,;、，·・/&]*(?:(?:and|or|as well as|et|ou|und|oder|y|e|o|i|и|en|och|と|や|및|와|과|나|그리고)\s)?"
    r"(?:the\s|la\s|l['’])?\s*"
)
#: Members of a list are no further apart than this (code points).
_APART = 16


@dataclass(frozen=True, slots=True)
class Relevance:
    """`score` grows with every sign; the phrases are the strongest of them."""

    score: float
    evidence: tuple[Evidence, ...]

    @property
    def about_nk(self) -> bool:
        """Whether the text is on North Korea."""
        return self.score >= SUBJECT


def relevance(hits: Sequence[Hit], *, nk_only: bool, on_rights: bool, texts: Mapping[str, str]) -> Relevance:
    """Weigh the names found: much in the title and where the text begins, little far down in a long text.

    `nk_only` says that the source writes on nothing else, `on_rights` that a term of a rights theme was met; `texts`
    are the title and the text that the hits were found in.
    """
    of = _by_list(hits)
    names = _apart([*of[NAMES], *headlines.alone(texts["title"])])
    on_rights = on_rights and (nk_only or _beyond_politics(hits))
    listed = _listed(names, of[ELSEWHERE], texts)
    beside = set() if on_rights else headlines.beside(names, of[OCCASION])
    shares = dict.fromkeys(listed, LISTED) | dict.fromkeys(beside, BESIDE)
    hints = [h for h in _apart(of[HINTS]) if not _inside(h, names)]
    signs = [s for s in (*names, *hints) if s not in beside]
    title = _title(texts["title"], signs, [*of[ELSEWHERE], *of[ACTORS], *beside])
    places = _names(names, texts["text"], title)
    weighed = [(weight * shares.get(name, 1), name) for weight, name in places]
    if hints and (nk_only or suspected(hits)):
        weighed += _hints(hints)
    prior = (NK_ONLY_PRIOR if nk_only else 0) + (RIGHTS_PRIOR if on_rights and (nk_only or set(names) - listed) else 0)
    score = sum(weight for weight, _ in weighed) + prior
    if not on_rights and _at_home(of, names, texts["title"]):
        score = min(score, AT_HOME)
    strongest = sorted(weighed, key=lambda pair: (-pair[0], pair[1].field != "title"))[:KEPT]
    return Relevance(round(score, 2), tuple(evidence for _, evidence in strongest))


def suspected(hits: Sequence[Hit]) -> bool:
    """Whether a text may be on North Korea: it has a name, or a hint where Korea is named too."""
    found = {h.list for h in hits}
    return NAMES in found or {HINTS, CONTEXT} <= found


def _by_list(hits: Iterable[Hit]) -> Mapping[str, list[Evidence]]:
    """The phrases of each of `LISTS`."""
    found: dict[str, list[Evidence]] = {name: [] for name in LISTS}
    for hit in hits:
        name = hit.list
        if name in found:
            found[name].append(hit.evidence)
    return found


def _beyond_politics(hits: Iterable[Hit]) -> bool:
    """Whether a theme is named that is not politics itself."""
    return any(h.list.startswith(THEME) and h.list not in POLITICS for h in hits)


def _at_home(of: Mapping[str, Sequence[Evidence]], names: Sequence[Evidence], title: str) -> bool:
    """Whether politics or courts at home are the subject, and not what North Korea does.

    One word of them in the title says so, two offices of one government there, or two words in the lead where the
    title does not name North Korea in its own words.
    """
    own = headlines.in_own_words(names, title)
    if headlines.acts(own, of[DEEDS], title):
        return False
    politics = headlines.others(_apart(of[DOMESTIC]), names)
    offices = {title[o.start : o.end] for o in _apart(of[OFFICES]) if o.field == "title"}
    return (
        any(e.field == "title" for e in politics)
        or len(offices) > 1
        or (not own and sum(e.start < LEAD for e in politics) > 1)
    )


def _apart(found: Iterable[Evidence]) -> list[Evidence]:
    """In order, and the longest where they overlap: 북한 inside 북한인권 is no second mention."""
    apart: list[Evidence] = []
    for one in sorted(found, key=lambda e: (e.field, e.start, -e.end)):
        if not apart or one.field != apart[-1].field or one.start >= apart[-1].end:
            apart.append(one)
    return apart


def _inside(one: Evidence, names: Sequence[Evidence]) -> bool:
    """Whether it overlaps one of these, which are in order and apart."""
    after = bisect_right(names, (one.field, one.end - 1), key=lambda n: (n.field, n.start))
    return after > 0 and names[after - 1].field == one.field and names[after - 1].end > one.start


def _listed(names: Sequence[Evidence], others: Sequence[Evidence], texts: Mapping[str, str]) -> set[Evidence]:
    """The names that stand in a list with at least `MANY` other countries."""
    listed: set[Evidence] = set()
    run: list[Evidence] = []
    known = set(names)
    for one in [*_apart([*names, *others]), None]:
        if run and (one is None or not _joined(run[-1], one, texts)):
            members = known.intersection(run)
            if len(run) - len(members) >= MANY:
                listed |= members
            run = []
        if one is not None:
            run.append(one)
    return listed


def _joined(one: Evidence, other: Evidence, texts: Mapping[str, str]) -> bool:
    near = one.field == other.field and other.start - one.end <= _APART
    return near and _JOINED.fullmatch(texts[one.field], one.end, other.start) is not None


@dataclass(frozen=True, slots=True)
class _Title:
    """What a title says of the subject: North Korea, somebody else, or nothing, as the heading of a chapter does."""

    shown: bool
    others: bool
    heading: bool
    hardly_any: bool


def _title(title: str, signs: Iterable[Evidence], elsewhere: Iterable[Evidence]) -> _Title:
    width = len(title) * _scale(title)
    others = any(e.field == "title" for e in elsewhere)
    shown = any(e.field == "title" for e in signs)
    return _Title(shown, others and not shown, width <= HEADING and not others, width <= NO_TITLE and not others)


def _scale(text: str) -> int:
    """By how much a text is longer than the same in letters: places and lengths are counted in letters."""
    return LETTERS if CJK.search(text, 0, LEAD) else 1


def _names(names: Iterable[Evidence], text: str, title: _Title) -> Iterable[tuple[float, Evidence]]:
    """What each name weighs by where it stands."""
    dateline = DATELINE.match(text)
    begins, scale = dateline.end() if dateline else 0, _scale(text)
    further = False
    for name in names:
        if name.field == "title":
            yield IN_TITLE, name
        elif name.start >= LEAD:
            yield IN_BODY, name
        elif further:
            yield IN_LEAD if title.shown or title.heading else AGAIN, name
        else:
            yield _first(title, (name.start - begins) * scale), name
            further = True


def _first(title: _Title, place: int) -> float:
    """What the first name in the lead weighs at this place, by what the title leaves open."""
    if place < (OPENING if title.hardly_any else FIRST) and not title.others:
        return IN_TITLE
    return IN_LEAD if title.shown or title.heading or place < OPENING else LATER


def _hints(hints: Iterable[Evidence]) -> list[tuple[float, Evidence]]:
    """The different hints, each where it weighs most."""
    best: dict[str, tuple[float, Evidence]] = {}
    for hint in hints:
        weight = HINT_IN_TITLE if hint.field == "title" else HINT_IN_LEAD if hint.start < LEAD else HINT_IN_BODY
        phrase = hint.phrase.casefold()
        if phrase not in best or weight > best[phrase][0]:
            best[phrase] = (weight, hint)
    return list(best.values())
