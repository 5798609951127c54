"""Who speaks in a language in Latin letters: English, French."""

import re
from dataclasses import dataclass, replace

from nkwatch.reading.quotes.places import NEAR, WORD, Place, Who
from nkwatch.reading.speech import Tongue, alternation

#: Fewer words in quotation marks are a word and no quote; one less will do in a sentence that names who speaks.
FEWEST_WORDS = 4
#: A title is written in capitals but for its words of up to so many letters.
LONG = 3
#: The verbs before a quotation, and the clauses before such a verb, that are looked at.
VERBS, CLAUSES = 3, 6
#: How far before a quotation stands what says that it is a title (code points).
TITLED_WITHIN = 40

_CAPITAL = r"[A-ZÀ-ÖØ-Þ][\w'’.&-]{0,30}+"
_SMALL = r"(?:of|for|the|on|in|and|de|du|des|la|les|van|von|bin|al|da|pour)"
_NAME = rf"{_CAPITAL}(?:\s{{1,2}}(?:{_SMALL}\s){{0,2}}{_CAPITAL}){{0,7}}"
_ARTICLE = r"(?:(?:[Tt]he|[Aa]n?|[Oo]ne|[Ll][ea]|[Uu]ne?)\s|[lL]['’])"
_WORDS = r"(?:[\w'’.&-]{1,30}\s){0,6}?"
_CUT = re.compile(r"[,;:(]|\s(?:who|which|told|in an?|on \w+day|qui|dans une?)\b")
_RELATIVE = re.compile(r"who|qui\b|dont\b")
_CLAUSE = re.compile(r",\s|\b(?:and|but|while|as|et|mais)\s|\A")


@dataclass(frozen=True, slots=True)
class Latin:
    """The patterns of one language, and how speakers are found by them."""

    said: re.Pattern[str]
    #: the same, and verbs that tell a speaker in the sentence beside a quotation
    spoke: re.Pattern[str]
    titled: re.Pattern[str]
    role: re.Pattern[str]
    title: re.Pattern[str]
    #: said X, role | X said | ajoute-t-il | - X
    behind: tuple[re.Pattern[str], ...]
    #: X, role, and then a verb of saying
    before: re.Pattern[str]
    according: re.Pattern[str]
    colon: re.Pattern[str]
    countries: frozenset[str]
    #: a name that a sentence begins with, and perhaps what its bearer is
    subject: re.Pattern[str]
    bodies: re.Pattern[str]

    @classmethod
    def of(cls, tongue: Tongue) -> "Latin":
        """The patterns of `tongue`."""
        said, who = alternation(tongue.said), _who(tongue)
        according = alternation(tongue.according)
        return cls(
            said=re.compile(said),
            spoke=re.compile(alternation((*tongue.said, *tongue.spoke))),
            titled=re.compile(rf"{alternation(tongue.titled)}[\s,:]{{0,2}}\Z", re.IGNORECASE),
            role=re.compile(alternation(tongue.roles), re.IGNORECASE),
            title=re.compile(alternation((*tongue.roles, *tongue.honorifics)), re.IGNORECASE),
            behind=(
                re.compile(rf"[\s,]{{0,3}}(?:{said}|{according})\s{who}"),
                re.compile(rf"[\s,]{{0,3}}{who},?\s{said}"),
                re.compile(rf"[\s,]{{0,3}}{said}-(?:t-)?(?P<pronoun>{alternation(tongue.pronouns)})"),
                re.compile(rf"\s[-–—]\s{who}\s?\Z"),
            ),
            before=re.compile(rf"{who},?\s{{0,2}}"),
            according=re.compile(rf"(?i:{according})\s{who},?\s{{0,2}}"),
            colon=re.compile(rf"{who}\s?:\s{{0,2}}"),
            countries=frozenset(tongue.countries),
            subject=re.compile(rf"\s*{who}"),
            bodies=re.compile(alternation(tongue.bodies), re.IGNORECASE),
        )

    def speaks(self, place: Place, *, named: bool) -> bool:
        """More than a few words, not announced as a title, and not written like one."""
        said = place.said[:NEAR]
        words = WORD.findall(said)
        last = place.said.rstrip()[-1]
        whole = named and (last in ".,!?" or place.tail.lstrip().startswith(","))
        whole = whole or (last in ".!?" and not place.title and not (place.head + place.tail).strip())
        if min(len(words), len(said.split())) < FEWEST_WORDS - whole or self.titled.search(place.head[-TITLED_WITHIN:]):
            return False
        return named or last in ".,!?…" or not all(w[0].isupper() for w in words if len(w) > LONG)

    def who(self, place: Place) -> Who | None:
        """Behind: said X, role | X said | - X. Before: X, role, said | according to X | X: | X said so. (a sentence)"""
        found = (self._named(m) for pattern in self.behind if (m := pattern.match(place.tail)))
        who = next(found, None) or self._before(place.head)
        if who and who.again:
            return self._beside(place.lead) or self._someone(place.lead)
        return who

    def beside(self, place: Place) -> Who | None:
        """Who is said to speak in the sentence before a quotation that stands by itself, or in the one behind."""
        if place.head.strip() or place.tail.strip(" .,;"):
            return None
        return self._beside(place.lead) or self._beside(place.follow)

    def _beside(self, sentence: str) -> Who | None:
        match = self._said_before(sentence.lstrip(), self.spoke)
        return self._named(match) if match and not match["pronoun"] else None

    def _someone(self, sentence: str) -> Who:
        """Again the one before; where nobody spoke before, the person that the last sentence begins with."""
        match = self.subject.match(sentence)
        name = match["name"] if match else ""
        if not match or not name or " " not in name or self.bodies.search(name):
            return Who(again=True)
        return replace(self._named(match), again=True)

    def _before(self, head: str) -> Who | None:
        if match := self._said_before(head, self.said) or self.according.fullmatch(head.strip()):
            return self._named(match)
        match = self.colon.fullmatch(head.strip())
        if match and match["name"] and (" " in match["name"] or match["role"]) and match["name"] not in self.countries:
            return self._named(match)
        return None

    def _said_before(self, head: str, verbs: re.Pattern[str]) -> re.Match[str] | None:
        for verb in reversed(list(verbs.finditer(head))[-VERBS:]):
            before = head[: verb.start()]
            for clause in list(_CLAUSE.finditer(before))[:CLAUSES]:
                match = self.before.fullmatch(before, clause.end())
                role = match["role"] if match else None
                if match and (not role or self.role.search(role) or _RELATIVE.match(role)):
                    return match
        return None

    def _named(self, match: re.Match[str]) -> Who:
        if match["pronoun"]:
            return Who(again=True)
        if match["voice"]:
            return Who(match["voice"])
        role = match["before"] or ""
        if match["role"] and not role:
            role = _CUT.split(match["role"], maxsplit=1)[0].strip(" .")
            role = role if self.role.search(role) else ""
        return Who(self._person(match["name"]).rstrip("."), role)

    def _person(self, name: str) -> str:
        """A name without the body that its bearer is of: Jane Roe of Example Watch."""
        first, of, _ = name.partition(" of ")
        return first if of and " " in first and not self.bodies.search(first) else name


def _who(tongue: Tongue) -> str:
    """Somebody who speaks: a `pronoun`, a `name` with what it is `before` or behind it (`role`), or a `voice`."""
    role, never = f"(?i:{alternation(tongue.roles)})", f"(?i:{alternation(tongue.never)})"
    voice = f"(?i:{alternation((*tongue.voices, *tongue.roles))})"
    return (
        rf"(?:(?P<pronoun>(?i:{alternation(tongue.pronouns)}))"
        rf"|(?:{_ARTICLE}?(?P<before>{_WORDS}{role}),?\s)?"
        rf"(?!{never}|{_ARTICLE})(?P<name>{_NAME})(?!\s(?:[a-z]{{1,20}}\s){{0,2}}{role})"
        rf"(?:,\s\d{{1,3}}(?=,))?(?:,\s(?P<role>[^,;:“”«»\"\n]{{3,120}}))?"
        rf"|(?P<voice>{_ARTICLE}?{_WORDS}{voice}(?:\s(?:of|for|at|from|de|du|des|d['’])\s?(?:the\s)?{_NAME})?))"
    )
