"""Who speaks in Japanese: a name with what its bearer is, and a particle, before or behind the quotation."""

import re
from dataclasses import dataclass

from nkwatch.reading.quotes.places import Place, Who
from nkwatch.reading.speech import NOWHERE, Tongue, anywhere

#: A quotation that no verb of saying follows is speech only when it is long or a headline's (code points).
FEWEST_SIGNS, FEWEST_SIGNS_IN_HEADLINE, FEWEST_SIGNS_SAID = 20, 8, 3
#: How far behind a quotation its verb of saying may stand (code points).
SAID_WITHIN = 60
_SUBJECT = re.compile(r"([^、。「」『』\s]{1,30}?)(?:は|が)(?=[^。]{0,60}\Z)")
_SUBJECT_BEHIND = re.compile(r"と、?([^、。「」『』\s]{1,25}?)(?<!の)(?:は|が)")
_AGE = r"(?:[(（]\d{1,3}歳?[)）])?"
#: The name at the end of what stands before a honorific.
_PERSON = re.compile(r"(?:[一-鿿々]{1,6}[ぁ-ん]{0,4}|[ァ-ヴー・＝A-Za-z]{2,30}[一-鿿]{0,3})\Z")
_APART = re.compile("[、　 ]")


@dataclass(frozen=True, slots=True)
class Japanese:
    """The patterns of Japanese, and how speakers are found by them."""

    pronouns: frozenset[str]
    #: no name has a title before it
    title: re.Pattern[str]
    #: behind a quotation, and then the verb of saying
    behind: re.Pattern[str]
    verb: re.Pattern[str]
    #: the end of a name: what somebody is; what is put behind a name; what can speak; an organisation or a country
    role: re.Pattern[str]
    honorific: re.Pattern[str]
    speaking: re.Pattern[str]
    office: re.Pattern[str]

    @classmethod
    def of(cls, tongue: Tongue) -> "Japanese":
        """The patterns of `tongue`."""
        bodies = tongue.bodies
        return cls(
            pronouns=frozenset(tongue.pronouns),
            behind=re.compile(rf"、?{anywhere(tongue.quoting)}"),
            verb=re.compile(rf"[^.。「」\n]{{0,{SAID_WITHIN}}}?{anywhere(tongue.said)}"),
            role=re.compile(rf"{anywhere(tongue.roles)}\Z"),
            title=re.compile(NOWHERE),
            honorific=re.compile(rf"{anywhere(tongue.honorifics)}{_AGE}\Z"),
            speaking=re.compile(rf"{anywhere((*tongue.roles, *tongue.honorifics, *bodies))}{_AGE}\Z"),
            office=re.compile(rf"{anywhere(bodies)}\Z"),
        )

    def speaks(self, place: Place, *, named: bool) -> bool:
        """A verb of saying follows, or it is long enough to be no term."""
        signs = len(place.said)
        behind = self.behind.match(place.tail)
        if behind and signs >= FEWEST_SIGNS_SAID and self.verb.match(place.tail, behind.end()):
            return True
        if place.title:
            return named and signs >= FEWEST_SIGNS_IN_HEADLINE
        return (place.alone and signs >= FEWEST_SIGNS) or (
            signs >= FEWEST_SIGNS_SAID and self.beside(place) is not None
        )

    def beside(self, place: Place) -> Who | None:
        """Who is said to speak in the sentence behind a quotation that is a sentence by itself."""
        if place.head.strip() or place.tail.strip(" 。"):
            return None
        names = _SUBJECT.finditer(place.follow.rstrip(" 。\n")) if self.verb.search(place.follow) else ()
        return next((who for name in names if (who := self._split(name[1])) and not who.again), None)

    def who(self, place: Place) -> Who | None:
        """The subject behind the quotation, else the one before it; in a headline, whoever stands next to it."""
        behind = _SUBJECT_BEHIND.match(place.tail)
        names = [behind[1]] if behind else []
        names += [m[1] for m in reversed(list(_SUBJECT.finditer(place.head)))]
        if place.title:
            names += [_APART.split(place.head.strip())[-1], place.tail.removeprefix("と").strip()]
        known = next((who for name in names if (who := self._split(name))), None)
        if known or place.title or not names or not self.behind.match(place.tail):
            return known
        return Who(names[-1])

    def _split(self, name: str) -> Who | None:
        """Name and role: 国連の山田特別報告者, アントニオ・グテーレス国連事務総長; or a body that speaks."""
        if name in self.pronouns:
            return Who(again=True)
        if not self.speaking.search(name):
            return None
        if honorific := self.honorific.search(name):
            person = _PERSON.search(name[: honorific.start()])
            return Who(person[0]) if person else None
        role = self.role.search(name)
        if not role:
            return Who(name)
        rest = name[: role.start()].rpartition("の")[2]
        body = self.office.search(rest)
        speaker = rest[: body.start()] if body and body.start() else rest
        title = name[role.start() - len(rest) + len(speaker) :]
        return Who(speaker.rstrip("・"), title) if speaker else Who(name)
