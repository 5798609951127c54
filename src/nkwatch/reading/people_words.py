"""By which words each language counts people, and what beside a number makes it a share, a limit or a part of more."""

import re
from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class PeopleWords:
    """`pattern` is a number with its word for people; `altered` stands right before a number that says less.

    `shared` stands right after one. All of it is in small letters.
    """

    pattern: re.Pattern[str]
    altered: re.Pattern[str]
    shared: re.Pattern[str]


_DIGITS = r"\d{1,3}(?:[,.\u00a0\u202f ]\d{3})+(?!\d)|\d{1,9}(?:[.,]\d{1,2})?"
#: Right before a number: it is part of another one, of money, of a time, of a range.
_TORN = r"[\w.,$£€¥~/:–-]$"
_ENGLISH = (
    "(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:-(?:one|two|three|four|five|six|seven|eight|nine))?"
    "|two|three|four(?:teen)?|five|fifteen|six(?:teen)?|seven(?:teen)?|eight(?:een)?|nine(?:teen)?|ten|eleven|twelve"
    "|thirteen"
)
_ENGLISH_PEOPLE = (
    r"people|persons|refugees|defectors|escapees|fugitives|prisoners|detainees|inmates|captives|hostages|pows|koreans"
    r"|americans|malaysians|nationals|citizens|women|men|girls|boys|children|infants|babies|toddlers|teenagers|teens"
    r"|youths|youngsters|orphans|students|pupils|schoolgirls|schoolboys|workers|labou?rers|loggers|builders"
    r"|seamstresses|fishermen|sailors|crew(?: members)?|crewmen|soldiers|missionaries|pastors|christians|believers"
    r"|worshippers|journalists|reporters|tourists|traders|smugglers|residents|villagers|civilians|farmers|miners"
    r"|patients|victims|survivors|abductees|migrants|asylum[- ]seekers|family members|relatives|brothers|sisters"
    r"|siblings|passengers|adults|islanders"
)
_ENGLISH_BETWEEN = (
    r"north|south|north-korean|south-korean|korean|northern|southern|chinese|japanese|american|us"
    r"|u\.s\.|russian|thai|malaysian|foreign|young|teenage|elderly|adult|female|male|pregnant|political|suspected"
    r"|escaped|detained|missing|captured|arrested|jailed|stranded|abducted|injured|wounded|infected|sick|ordinary"
)
_ENGLISH_ALTERED = (
    r"\b(?:and|with|including|among them|of them|of whom|in|out of|per|every|each|up to|as many as|fewer than"
    r"|less than|under|no more than|nos?\.|between|hundred|thousand|million)\s$|\d (?:to|and|or)\s$"
)
_FRENCH = "deux|trois|quatre|cinq|six|sept|huit|neuf|dix|onze|douze|treize|quatorze|quinze|seize"
_FRENCH_PEOPLE = (
    r"personnes|réfugiée?s|transfuges|fugiti(?:f|ve)s|(?:nord-|sud-)?coréen(?:ne)?s|américain(?:e)?s|femmes|hommes"
    r"|filles|fillettes|garçons|enfants|bébés|nourrissons|adolescent(?:e)?s|étudiant(?:e)?s|élèves|lycéen(?:ne)?s"
    r"|orphelin(?:e)?s|prisonni(?:er|ère)s|détenu(?:e)?s|otages|soldats|travailleu(?:r|se)s|ouvri(?:er|ère)s|bûcherons"
    r"|pêcheurs|marins|missionnaires|pasteurs|chrétien(?:ne)?s|croyant(?:e)?s|journalistes|touristes|habitants"
    r"|villageois|civils|mineurs|patients|malades|victimes|rescapés|migrants|demandeurs d['’]asile|ressortissants"
    r"|membres d['’]équipage|frères|sœurs|jeunes"
)
_FRENCH_ALTERED = (
    r"\b(?:et|avec|dont|parmi elles|parmi eux|sur|pour|par|jusqu['’]à|moins de|entre|cent|mille|millions?)\s$"
    r"|\d (?:à|et|ou)\s$"
)
#: A number beside which others are counted is a part of more (two women and a child), and who tells is no victim.
_ENGLISH_SHARED = (
    r",? (?:and|with) (?:an?|two|three|four|five|six|seven|his|her|their|its|\d)\b"
    r"|(?: (?:of|in|from|inside) [\w-]{1,20}| inside the [\w-]{1,20})?"
    r" (?:told|says?|said|familiar with|with knowledge)\b"
)
_FRENCH_SHARED = r",? (?:et|avec) (?:une?|deux|trois|quatre|cinq|six|sept|son|sa|leurs?|\d)\b|\s(?:sur|à|ou) \d"
_KOREAN = (
    "(?<![가-힣])(?:(?:열|스물|서른|마흔|쉰|예순|일흔|여든|아흔)(?:한|두|세|네|다섯|여섯|일곱|여덟|아홉)?"
    "|두|세|네|다섯|여섯|일곱|여덟|아홉)"
)
_KOREAN_ALTERED = (
    r"(?:최대|수|의원|전문가|보고관|외교관|공안|경찰|기자|위원|간부|활동가)\s?$|[\d.,~〜∼제매각-]$"
    r"|명(?:과|와| 및|,|·)\s?[가-힣]{0,6}\s?$"
)
_KOREAN_SHARED = (
    r"\s?(?:중|가운데)\s?\d|\s?(?:당|꼴|이하|미만|이내)|(?:을|를|이|가)? ?포함|(?:과|와|및|,|·)\s?[가-힣]{0,6}\s?\d"
)
#: Possessive: digits that no word for people follows would be tried in hundreds of ways, from each of them on.
_SCALED = r"\d[\d,]{0,11}+(?:\.\d{1,2})?+\s?+[백천만百千万]{0,2}+(?:\s?\d[\d,]{0,5}+\s?+[백천百千]?+){0,2}+"
_JAPANESE_ALTERED = (
    r"(?:最大|最多|議員|専門家|報告者|外交官|警官|記者|委員)\s?$|[\d.,~〜～数何第各百千万一二三四五六七八九十-]$"
)
_JAPANESE_SHARED = r"に\s?[1１一]\s?人|以下|以内|未満|[のに]?うち\s?\d|中\s?\d|を含|ら?(?:と|、)[一-鿿]{0,4}\d"


def _latin(begins: str, words: str, scales: str, between: str, people: str, households: str) -> re.Pattern[str]:
    """All begin with a digit or with a letter of `begins`: a look at that first makes the search six times faster."""
    several = rf"(?:{_DIGITS}|{words})(?:[\s-](?:{scales})(?: de| d['’])?)?\s(?:(?:{between})\s){{0,3}}(?:{people})"
    of = rf"(?:{households})\s(?:{words}|\d{{1,2}})(?!\s(?:{between}|{people}|{scales}|\d)|-|\d)"
    return re.compile(rf"(?=[\d{begins}])(?<!\w)(?:{several}|{of})\b(?!['’-])")


BY_LANGUAGE: Mapping[str, PeopleWords] = {
    "en": PeopleWords(
        _latin(
            "tfsencg", _ENGLISH, "hundred|thousand|million", _ENGLISH_BETWEEN, _ENGLISH_PEOPLE,
            "(?:family|crew|group) of",
        ),
        re.compile(rf"{_ENGLISH_ALTERED}|{_TORN}"),
        re.compile(_ENGLISH_SHARED),
    ),
    "fr": PeopleWords(
        _latin(
            "dtqcshnofeg", _FRENCH, "mille|millions?", "jeunes|petite?s|ancien(?:ne)?s", _FRENCH_PEOPLE,
            "(?:famille|équipage|groupe) de",
        ),
        re.compile(rf"{_FRENCH_ALTERED}|{_TORN}"),
        re.compile(_FRENCH_SHARED),
    ),
    "ko": PeopleWords(
        re.compile(rf"(?:{_SCALED}|{_KOREAN})\s?여?\s?(?:명(?![령단예칭절분함])|사람)"),
        re.compile(_KOREAN_ALTERED),
        re.compile(_KOREAN_SHARED),
    ),
    "ja": PeopleWords(
        re.compile(rf"(?:{_SCALED}|[二三四五六七八九十])\s?(?:人|名)(?![目称前当物類権種気間材事])"),
        re.compile(_JAPANESE_ALTERED),
        re.compile(_JAPANESE_SHARED),
    ),
}  # fmt: skip
