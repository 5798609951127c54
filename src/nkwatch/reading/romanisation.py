"""How the syllables of Korean names are written in Latin letters, and which of them that makes look alike.

Covers Revised Romanisation (2000), McCune-Reischauer with and without its marks, the North Korean system of 1992 and
what people write in their passports. Only syllables that names are made of are listed: 'chol' is 철, since nobody is
called 촐, and so 'Chol', "Ch'ŏl", 'Cheol' and 'Chul' meet without every o and u having to be taken for the same.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from itertools import product

_INITIALS = "ㄱㄲㄴㄷㄸㄹㅁㅂㅃㅅㅆㅇㅈㅉㅊㅋㅌㅍㅎ"
_VOWELS = "ㅏㅐㅑㅒㅓㅔㅕㅖㅗㅘㅙㅚㅛㅜㅝㅞㅟㅠㅡㅢㅣ"
_REVISED_INITIALS = "g,kk,n,d,tt,r,m,b,pp,s,ss,,j,jj,ch,k,t,p,h".split(",")  # noqa: SIM905 - to be read beside the letters
_REVISED_VOWELS = "a,ae,ya,yae,eo,e,yeo,ye,o,wa,wae,oe,yo,u,wo,we,wi,yu,eu,ui,i".split(",")  # noqa: SIM905 - to be read beside the letters
_REVISED_FINALS = ",k,k,k,n,n,n,t,l,k,m,l,l,l,p,l,m,p,p,t,t,ng,t,t,k,t,p,t".split(",")  # noqa: SIM905 - to be read beside the letters

_BEGINS = {
    "ㄱ": "k g", "ㄴ": "n", "ㄷ": "t d", "ㄹ": "r l", "ㅁ": "m", "ㅂ": "p b", "ㅅ": "s", "ㅈ": "ch j", "ㅊ": "ch",
    "ㅋ": "k kh", "ㅌ": "t th", "ㅍ": "p ph", "ㅎ": "h",
}  # fmt: skip
_SOUNDS = {
    "ㅏ": "a ah", "ㅐ": "ae ai", "ㅑ": "ya", "ㅓ": "eo o", "ㅔ": "e", "ㅕ": "yeo yo", "ㅖ": "ye", "ㅗ": "o", "ㅘ": "wa",
    "ㅚ": "oe oi", "ㅙ": "wae", "ㅛ": "yo", "ㅜ": "u oo", "ㅝ": "wo weo", "ㅟ": "wi", "ㅠ": "yu yoo", "ㅡ": "eu u",
    "ㅢ": "ui eui", "ㅣ": "i ee",
}  # fmt: skip
_ENDS = {0: "", 1: "k g ck", 4: "n", 8: "l r", 16: "m", 17: "p b", 21: "ng"}

#: Syllables of given names, the usual ones first; those that share a spelling are one for the key.
SYLLABLES = (
    "정은영성미현경지희진민수호철선재상동종순숙기용혜인승주연원준명훈자광춘금옥일석복남화국혁길태덕대향란련해학룡림윤봉병식"
    "우형규창한신홍환건근택찬하서세시아예유운웅욱율이익임장제조중채천청초충치탁필평표헌협효후휘흥구균관교강겸계군권귀극걸고"
    "나난노다달담도두득라람래량려렬령례로록루류륜률리린만매모무묵문박반배백범보부분빈사산삼새생설섭소솔송슬실심안애양여열오"
    "온완요월위의점차총쾌판팔풍흠비별봄"
)
_SHORT_U = frozenset("정철성석선덕건걸범섭점청천설")
#: Spellings that no rule makes.
_ODD = {
    "이": "yi", "리": "rhee lee", "림": "leem nim", "임": "yim lim", "희": "hee hi heui", "기": "kie key gie",
    "우": "wu woo ou", "욱": "wook ouk wuk", "운": "woon wun", "웅": "woong", "영": "young yung", "윤": "youn",
    "유": "you", "경": "kyung kyoung gyung gyoung", "현": "hyun hyoun", "형": "hyung hyoung", "혁": "hyuk",
    "명": "myung myoung", "병": "byung pyung byoung", "평": "pyung pyoung", "령": "ryung nyong", "련": "nyon",
    "택": "tack", "규": "kyou", "일": "ill", "해": "hea", "태": "thai", "식": "shik sic shic", "신": "shin",
    "시": "shi", "심": "shim", "실": "shil", "룡": "nyong", "원": "won weon", "서": "suh", "호": "hoh",
    "조": "joe", "정": "jeung joung", "종": "joung", "옥": "ock", "세": "say", "협": "hyup", "국": "gook cook",
    "백": "paik", "아": "ah", "동": "doung",
}  # fmt: skip

#: Surnames, the usual ones first, with their spellings in the North, the South and abroad.
_SURNAMES = """
김 kim gim ghim keem | 이 lee yi ri rhee li rhie i | 박 park pak bak bahk pahk | 최 choi choe choy chwe
정 jung jeong chong chung jong cheong joung | 강 kang gang | 조 cho jo joe joh | 윤 yun yoon youn | 장 chang jang
임 im lim rim yim leem | 한 han hahn | 오 o oh | 서 seo suh so | 신 shin sin | 권 kwon gwon kweon | 황 hwang whang
안 an ahn | 송 song | 전 jeon chon chun jun jon | 홍 hong | 유 yu yoo you ryu lyu ryoo | 고 ko go koh goh
문 mun moon | 양 yang ryang | 손 son sohn | 배 bae pae bai pai | 백 baek paek paik baik back | 허 heo ho hur huh
남 nam nahm | 심 shim sim | 노 no noh roh ro rho | 하 ha hah | 곽 kwak gwak | 성 sung seong song | 차 cha
주 ju joo chu | 우 u woo wu | 구 ku koo gu goo | 나 na ra la rah | 민 min | 진 jin chin | 지 ji chi jee
엄 eom um om uhm | 채 chae | 원 won weon | 천 cheon chon chun | 방 bang pang | 공 kong gong | 현 hyon hyun hyeon
함 ham hahm | 변 byun pyon byeon byon | 염 yeom yom ryom yum | 여 yeo yo ryo | 추 chu choo | 도 do to doh
소 so soh | 석 seok sok suk | 선 seon son sun | 설 seol sol sul | 마 ma mah | 길 kil gil | 연 yeon yon ryon
위 wi wie | 표 pyo | 명 myong myung myeong | 기 ki gi kie | 반 ban pan | 왕 wang | 금 kum keum geum | 옥 ok ock
육 yuk yook ryuk | 맹 maeng | 제 je che | 탁 tak | 국 kuk gook kook guk | 편 pyeon pyon | 태 tae thae
용 yong ryong | 봉 bong pong | 황보 hwangbo hwangpo | 남궁 namgung namkung namgoong | 선우 seonu sonu sunwoo seonwoo
제갈 jegal chegal | 독고 dokgo tokko dokko
"""
#: A word that begins with ㄹ or ㄴ loses or changes it in the South; the North keeps it (두음법칙).
_BEFORE_I = frozenset("ㅑㅕㅖㅛㅠㅣ")


@dataclass(frozen=True, slots=True)
class Alphabet:
    """`read` gives what a Latin spelling may stand for, usual first; `alike` one syllable for all that share one."""

    read: Mapping[str, tuple[str, ...]]
    alike: Mapping[str, str]
    rank: Mapping[str, int]


def jamo(syllable: str) -> tuple[str, str, int]:
    """The first letter, the vowel and the number of the final letter of a hangul syllable (Unicode, 3.12)."""
    code = ord(syllable) - 0xAC00
    return _INITIALS[code // 588], _VOWELS[code % 588 // 28], code % 28


def softened(syllable: str) -> str:
    """A hangul syllable as the South writes it at the beginning of a word: 리 as 이, 로 as 노."""
    first, vowel, _ = jamo(syllable)
    if first not in "ㄹㄴ":
        return syllable
    softer = "ㅇ" if vowel in _BEFORE_I else "ㄴ"
    return chr(ord(syllable) + (_INITIALS.index(softer) - _INITIALS.index(first)) * 588)


def revised(hangul: str) -> str:
    """Hangul in Revised Romanisation, each syllable by itself."""

    def one(syllable: str) -> str:
        first, vowel, final = jamo(syllable)
        return (
            _REVISED_INITIALS[_INITIALS.index(first)] + _REVISED_VOWELS[_VOWELS.index(vowel)] + _REVISED_FINALS[final]
        )

    return "".join(map(one, hangul))


@cache
def given() -> Alphabet:
    """The syllables of given names."""
    return _alphabet((syllable, _spellings(syllable)) for syllable in SYLLABLES)


@cache
def surnames() -> Alphabet:
    """The surnames, as the South writes them."""
    lines = (line.split() for line in _SURNAMES.replace("|", "\n").strip().splitlines())
    return _alphabet((hangul, spellings) for hangul, *spellings in lines)


@cache
def surname_in_latin() -> Mapping[str, str]:
    """Each surname in its usual spelling; those that look alike in one."""
    first = {names[0]: spelling for spelling, names in reversed(list(surnames().read.items()))}
    return {hangul: first[same] for hangul, same in surnames().alike.items()}


def _spellings(syllable: str) -> Iterator[str]:
    first, vowel, final = jamo(syllable)
    sounds = _SOUNDS[vowel].split() + (["u"] if syllable in _SHORT_U else [])
    for parts in product(_BEGINS.get(first, "").split() or [""], sounds, _ENDS[final].split() or [""]):
        yield "".join(parts)
    yield from _ODD.get(syllable, "").split()
    yield revised(syllable)


def _alphabet(spelt: Iterable[tuple[str, Iterable[str]]]) -> Alphabet:
    read: dict[str, tuple[str, ...]] = {}
    alike: dict[str, str] = {}
    for hangul, spellings in spelt:
        alike[hangul] = hangul
        for spelling in dict.fromkeys(spellings):
            read[spelling] = (*read.get(spelling, ()), hangul)
            kept = alike[read[spelling][0]]
            gone = alike[hangul]
            alike |= {other: kept for other, same in alike.items() if same == gone}
    return Alphabet(read, alike, {hangul: place for place, hangul in enumerate(alike)})
