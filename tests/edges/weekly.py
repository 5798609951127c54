"""One digest with everything in it that a digest can hold. All of it is invented."""

from dataclasses import replace
from datetime import date, timedelta

from nkwatch.domain.desk import Marks, Note, Translation
from nkwatch.domain.place import Place
from nkwatch.domain.reading import Ask, Evidence, Quote, Sighting
from nkwatch.domain.source import Role, Source
from nkwatch.domain.story import AlertState
from nkwatch.domain.subscriber import Choice, Edition
from nkwatch.domain.surroundings import Bar, Coming, Earlier, Figures, Surroundings
from nkwatch.domain.watch import Lack, Watch
from nkwatch.editing.digests import Plan, Section
from nkwatch.editing.matching import Reason
from tests.edges.bulletins import ANY, JAPANESE, NOW, RETURN, SOURCES, URGENT, WEEK, WEEKLY, picks, report, story

PLACES = (
    Place("kp.ryanggang.hyesan", "KP", {"en": "Hyesan", "ko": "혜산"}, {}),
    Place("cn.jilin.tumen", "CN", {"en": "Tumen", "ko": "투먼"}, {}),
)
MORE_SOURCES = SOURCES | {
    "quarry": Source("quarry", "https://quarry.example/feed", "Quarry Relief"),
    "courier": Source("courier", "https://courier.example/feed", "The Harbour Courier"),
}
CONTACTS = {"GB": "https://parliament.example/write", "KR": "https://assembly.example/"}


def seen(phrase, start=0):
    return Evidence("text", start, start + len(phrase), phrase)


def named(code):
    return (Sighting(code, seen("x")),)


def ask(what, addressee="", country="", by=""):
    return Ask(seen(what), addressee, country, by)


HELD = story(
    replace(
        report(
            text="A week has passed. It was a long week. " * 3,
            title="Seven North Koreans held in the border city of Tumen face return within days",
            source="quarry",
            publisher="Quarry Relief",
            places=named("cn.jilin.tumen"),
            quotes=(
                Quote(
                    seen("Their papers were signed on Thursday. If nobody speaks now, they will be gone by Monday."),
                    "Maren Holt",
                    "director of Quarry Relief",
                ),
            ),
            asks=(
                ask("halt the transfer and give access to them at once", "the Chinese authorities", "CN", "at once"),
                ask("raise the seven by name with Beijing", "the United Kingdom", "GB", "before 10 November"),
            ),
        ),
        role=Role.STATEMENT,
    ),
    report("ko", "투먼에 갇힌 북한 사람 일곱 명, 며칠 안에 송환될 위험", source="batang", role=Role.PRESS),
    report(source="courier", publisher="The Harbour Courier", title="Seven held", role=Role.PRESS, id="courier1"),
    name="3f9c1e77aa01",
)
HELD = replace(
    HELD,
    reports=(
        replace(HELD.reports[0], reading=replace(HELD.reports[0].reading, urgency=URGENT.urgency)),
        *HELD.reports[1:],
    ),
)
WAITING = replace(
    story(
        report(
            title="Farm workers near Hyesan punished for calls abroad, three families say",
            text="Three families told us that relatives were taken in October. Neighbours were made to watch a trial."
            " One woman got five years of labour.",
            places=named("kp.ryanggang.hyesan"),
            themes=("detention",),
            id="alder-hyesan",
        ),
        name="3f9c1e77aa02",
    ),
    alert=AlertState.HELD,
)
TRANSLATED = replace(
    story(
        report("ja", "七人の送還に反対する声明", source="shiori", asks=(ask("送還しないこと", "中国政府", "CN"),)),
        name="3f9c1e77aa03",
    ),
    marks=Marks(
        translations=(
            Translation(
                "shiori-ja",
                "en",
                "Statement against the return of seven people",
                "Seven people are detained at the border. The transfer papers have been signed.",
                "Jun Arai",
                NOW,
            ),
        )
    ),
)
NOTED = replace(
    story(
        report(
            title="Report counts 41 detention sites in use",
            text="The report names 41 sites. It rests on pictures from satellites and 112 interviews.",
            themes=("detention",),
            id="alder-sites",
        ),
        name="3f9c1e77aa04",
    ),
    marks=Marks(
        note=Note(
            (("en", "The figure counts sites, not camps; last year's report counted otherwise."),), "Mina Berg", NOW
        ),
        correction=Note((("en", "We first wrote 14 sites. There are 41."),), "Mina Berg", NOW),
    ),
)
WITHDRAWN = replace(
    story(report(title="Camp said to be closed", themes=("detention",), id="alder-camp"), name="3f9c1e77aa05"),
    marks=Marks(withdrawn=True, correction=Note((("en", "The pictures were of another place."),), "Mina Berg", NOW)),
)
OWN_VERSION = story(
    report("ko", "강제북송 중단을 촉구하는 성명", source="batang", id="batang-call"),
    report(
        "en",
        "Statement calling for an end to forced returns",
        source="batang",
        id="batang-call-en",
        text="We call for an end to forced returns. Twelve groups have signed. It was read aloud in Seoul on Friday.",
    ),
    name="3f9c1e77aa06",
)
SHORT = tuple(
    story(report(title=f"{title}", id=f"short{n}", themes=("refoulement",)), name=f"3f9c1e77ab{n:02d}")
    for n, title in enumerate(
        (
            "Night train to the border: how returns are organised",
            "Parliament hears two witnesses on forced labour abroad",
            "Families of the missing meet in Geneva",
        )
    )
)
TOLD = (JAPANESE,)

AROUND = Surroundings(
    WEEK,
    Watch(
        45,
        42,
        silent=(Lack("しおりの会", NOW - timedelta(days=40)),),
        unreadable=(Lack("Alder Rights Desk", NOW - timedelta(days=3)),),
        partly=(Lack("Quarry Relief"),),
    ),
    held=2,
    figures=Figures(34, 27.5, (Bar("refoulement", 12, 7), Bar("detention", 8, 8.5), Bar("gone", 1, 3))),
    coming=(
        Coming(
            "Interactive dialogue with the Special Rapporteur",
            date(2025, 11, 10),
            date(2025, 11, 10),
            date(2025, 10, 1),
            "Geneva",
            "https://un.example/hrc",
            "en",
        ),
        Coming("북한인권 국제대회", date(2025, 11, 12), date(2025, 11, 14), date(2025, 9, 15), "서울", "", "ko"),
    ),
)
PLAN = Plan(
    leads=picks((HELD, TRANSLATED), RETURN),
    sections=(
        Section("detention", picks((WAITING, NOTED, WITHDRAWN), (Reason("theme", ("detention",)),))),
        Section("refoulement", picks((OWN_VERSION,), (Reason("case", ("Kim Sun-hui",)),))),
    ),
    more=picks(SHORT, ANY),
    alerted=TOLD,
    beyond=1,
)
EARLIER = {"Kim Sun-hui": Earlier("0123", "김순희 씨 가족의 호소", "ko", NOW - timedelta(days=90))}


def choice(language="en", **given):
    edition = Edition(language, **{k: given.pop(k) for k in ("format", "neutral") if k in given})
    return Choice(schedule=WEEKLY, edition=edition, **({"country": "GB", "phrase": "heron on the third stone"} | given))
