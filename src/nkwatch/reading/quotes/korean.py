"""Who speaks in Korean: a name, what its bearer is, and a particle, before or behind the quotation."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from nkwatch.reading.names import korean_name
from nkwatch.reading.quotes.places import NEAR, WORD, Place, Who
from nkwatch.reading.speech import NOWHERE, Tongue, anywhere

#: So many words are speech unless a verb of saying follows, when fewer will do.
FEWEST_WORDS = 3
#: The words before a particle that may belong to a name; the words that name a headline's speaker.
LONGEST_NAME, LONGEST_IN_HEADLINE = 5, 4
#: How far behind a quotation its verb of saying may stand (code points).
SAID_WITHIN = 60
_SUBJECT = re.compile(r"([^\s,…·“”\"]{1,20})(은|는|이|가)(?=\s|\Z)")
_OPENS = re.compile('[“"‘]')
_PHRASE = re.compile(r"[,…·]")
#: "This", and also a surname, which stands right before an office.
_THIS = frozenset({"이", "그"})
_STOPS = ".!?…"
#: An ending of a verb that stands before a noun: no name ends so.
_VERB = re.compile(r"[하되있없지시주오보나던키리]\Z")


@dataclass(frozen=True, slots=True)
class Korean:
    """The patterns of Korean, and how speakers are found by them."""

    pronouns: frozenset[str]
    #: no name has a title before it
    title: re.Pattern[str]
    #: behind a quotation, and then the verb of saying
    behind: re.Pattern[str]
    verb: re.Pattern[str]
    #: the end of a word: what somebody is; what can speak by what it is called; the same, or by its ending
    role: re.Pattern[str]
    known: re.Pattern[str]
    speaking: re.Pattern[str]
    #: a word that belongs to an office: a body, a country, or "former"
    office: re.Pattern[str]
    #: what is put behind a name, and says nothing of its bearer
    honorific: re.Pattern[str]
    #: a word that is no part of the name behind it
    apart: re.Pattern[str]

    @classmethod
    def of(cls, tongue: Tongue) -> "Korean":
        """The patterns of `tongue`."""
        bodies = tongue.bodies
        ends = rf"{anywhere(tongue.offices)}\Z|\A{anywhere(tongue.former)}\Z"
        return cls(
            pronouns=frozenset(tongue.pronouns),
            behind=re.compile(rf"\s?{anywhere(tongue.quoting)}"),
            verb=re.compile(rf"[^.。「」\n]{{0,{SAID_WITHIN}}}?{anywhere(tongue.said)}"),
            role=re.compile(rf"{anywhere(tongue.roles)}\Z"),
            known=re.compile(rf"{anywhere((*tongue.roles, *bodies))}\Z"),
            speaking=re.compile(rf"{anywhere((*tongue.roles, *tongue.honorifics, *bodies))}\Z|{ends}"),
            office=re.compile(rf"{anywhere(bodies)}\Z|{ends}"),
            honorific=re.compile(rf"\s?{anywhere(tongue.honorifics)}\Z"),
            title=re.compile(NOWHERE),
            apart=re.compile(rf"\d|(?<=\S){anywhere(tongue.particles)}\Z"),
        )

    def speaks(self, place: Place, *, named: bool) -> bool:
        """A verb of saying follows; or enough words that are led on from, or alone, or a headline's."""
        behind = self.behind.match(place.tail)
        if behind and self.verb.match(place.tail, behind.end()):
            return True
        if place.said.rstrip()[-1] in _STOPS and self.beside(place):
            return True
        if len(WORD.findall(place.said[:NEAR])) < FEWEST_WORDS or place.words.open in "‘'":
            return False
        return behind is not None or place.alone or (place.title and named)

    def who(self, place: Place) -> Who | None:
        """The subject before the quotation, else the one behind it; 은 and 는 before 이 and 가."""
        if place.title and (who := self._in_headline(place.head)):
            return who
        behind = self.behind.match(place.tail)
        heads = [place.head, _OPENS.split(place.tail[behind.end() :])[0]] if behind else [place.head]
        for head in heads:
            subjects = list(_SUBJECT.finditer(head))
            for subject in sorted(subjects, key=lambda s: (s[2] in "은는", s.start()), reverse=True):
                words = [*self._name_before(head[: subject.start()]), subject[1]]
                if who := self._split(words, head, sure=behind is not None):
                    return who
        return None

    def beside(self, place: Place) -> Who | None:
        """Who is said to speak in the sentence behind a quotation that is a whole sentence, or in the one before."""
        if place.head.strip():
            return None
        for sentence in (place.tail, place.follow, place.lead):
            subject = _SUBJECT.search(sentence) if self.verb.search(sentence) else None
            words = [*self._name_before(sentence[: subject.start()]), subject[1]] if subject else []
            if subject and (who := self._split(words, sentence, sure=False)):
                return who
        return None

    def _name_before(self, head: str) -> list[str]:
        """The words before a particle that may belong to the same name, nearest last."""
        kept: list[str] = []
        if head.strip() and head[-1].isspace():
            for word in reversed(_PHRASE.split(head)[-1].split()[-LONGEST_NAME:]):
                if self.apart.search(_ageless(word)):
                    break
                kept.insert(0, word)
        return kept[1:] if len(kept) > 1 and kept[0] in _THIS else kept

    def _split(self, words: Sequence[str], head: str, *, sure: bool) -> Who | None:
        """Name and role: 아무개 통일부 장관, 통일부 아무개 장관, 아무개 장관; or a body that speaks."""
        last = _ageless(words[-1])
        if last in self.pronouns:
            return Who(again=True)
        if self.honorific.search(last) and (name := self._bare(words, last)):
            return Who(name)
        if not self.speaking.search(last):
            if len(words) > 1 and self.role.search(words[-2]) and korean_name(last):
                return Who(last, words[-2])
            plain = sure and not _VERB.search(last) and len(words) == 1
            return Who(last) if plain else None
        if not self.role.search(last) or len(words) == 1:
            return Who(_written(words, head))
        return self._with_role(words, head, last)

    def _bare(self, words: Sequence[str], last: str) -> str:
        """A name without its honorific: 아무개씨, 아무개 씨, 김 모 씨."""
        name = self.honorific.sub("", last) or next(iter(words[-2:-1]), "")
        before = words[: -1 if name in last else -2][-1:]
        return " ".join((*before, name)) if len(name) == 1 else _ageless(name)

    def _with_role(self, words: Sequence[str], head: str, last: str) -> Who:
        """A name of which the office is the last word, or the words from the first that belongs to it."""
        offices = (n for n, word in enumerate(words[:-1]) if self.office.search(word))
        first = next(offices, len(words) - 1)
        if first > 0:
            return Who(_written(words[:first], head), _written(words[first:], head))
        name = words[1:-1]
        if name and (korean_name(name[-1]) or (len(name) == 1 and not self.office.search(name[0]))):
            return Who(name[-1], last)
        return Who(_written(words, head))

    def _in_headline(self, head: str) -> Who | None:
        """A headline that begins with its speaker: 유엔보고관 "...", or 北, ... and then the quotation."""
        first = head.partition(",")[0].split()
        if not first or len(first) > LONGEST_IN_HEADLINE or not self.known.search(first[-1]):
            return None
        return self._split(first, head, sure=False)


def _ageless(word: str) -> str:
    """A name without the age in brackets behind it."""
    return word.partition("(")[0]


def _written(words: Sequence[str], head: str) -> str:
    """The words as the text has them, up to an age in brackets."""
    match = re.search(r"\s{1,3}".join(re.escape(w) for w in words), head)
    return _ageless(match[0]) if match else ""
