"""How whole statements are read, by the rules that ship with nkwatch and by small ones. All texts are invented."""

import subprocess
import sys
from collections.abc import Iterator
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from nkwatch.domain.reading import Evidence, Reading, Sighting, Urgency
from nkwatch.domain.statement import Statement
from nkwatch.reading import LONGEST, LONGEST_TITLE, read
from nkwatch.reading.features import BEGINNING
from nkwatch.reading.themes import MOST
from nkwatch.reading.weights import KEPT, Head
from tests.core.counting import lines_run
from tests.making import NOW, finding, reading, rules, shipped_rules, statement

URGENT, ROUTINE = Urgency.URGENT, Urgency.ROUTINE


def read_as(language: str, title: str, text: str = "", *, nk_only: bool = False) -> Reading:
    """The reading of a statement whose source writes in `language`."""
    return read(statement(title=title, text=text, language=language), shipped_rules(), nk_only=nk_only)


def codes(found: Reading) -> set[str]:
    """The codes of its themes."""
    return {f.code for f in found.themes}


def evidence(found: Reading) -> Iterator[Evidence]:
    """All the places that a reading names."""
    yield from (*found.relevance_evidence, *found.urgency_evidence, *found.release_evidence)
    yield from (e for f in found.themes for e in f.evidence)
    yield from (*(q.words for q in found.quotes), *(a.what for a in found.asks), *(c.who for c in found.cases))
    yield from (s.seen for s in (*found.dangers, *found.places, *found.people))


# The rules that ship: what any weights have to tell


@pytest.mark.parametrize(
    ("language", "title", "text", "theme"),
    [
        (
            "en", "Eleven North Koreans in Jilin at risk of forced return",
            "Police in Jilin took them from a bus on Tuesday. We ask China to let them go on to a third country.",
            "refugees",
        ),
        (
            "en", "Court in North Korea said to have handed down a death sentence for a film",
            "A trader in Hyesan was sentenced to death by firing squad, two residents told us.",
            "executions",
        ),
        (
            "en", "Satellite pictures show new walls around a North Korean prison camp",
            "The walls were built between March and September, our analysts found.",
            "prisons",
        ),
        (
            "en", "Letters from divided families reach North Korea",
            "Separated families in Seoul have recorded video messages for relatives they have not seen since 1950.",
            "separated_families",
        ),
        (
            "en", "Songbun still decides who may study in North Korea",
            "Pupils of the hostile class are kept out of universities, a survey of former teachers finds.",
            "discrimination",
        ),
        (
            "ko", "북한 정치범 수용소 실태를 담은 증언집",
            "북한 정치범수용소에서 나온 이들의 이야기를 모았다.",
            "prisons",
        ),
        (
            "ko", "북한 장마당 통제로 식량난 깊어져",
            "북한 주민들은 쌀값이 두 배로 올랐다고 전한다.",
            "food_aid",
        ),
        (
            "ja", "拉致被害者の家族が面会を求める",
            "北朝鮮による拉致から長い年月がたち、親の世代は高齢になった。",
            "abductions",
        ),
        (
            "ja", "北朝鮮の政治犯収容所で新たな建物を確認",
            "衛星写真から分かった。北朝鮮は存在を認めていない。",
            "prisons",
        ),
        (
            "fr", "Corée du Nord : la liberté de religion n’existe que sur le papier",
            "Une étude décrit la persécution des chrétiens en Corée du Nord.",
            "religion",
        ),
        (
            "fr", "Une aide alimentaire pour les enfants de Corée du Nord",
            "La malnutrition touche surtout les campagnes, disent les agences humanitaires.",
            "food_aid",
        ),
    ],
)  # fmt: skip
def test_a_statement_on_rights_is_taken_and_classed(language: str, title: str, text: str, theme: str) -> None:
    found = read_as(language, title, text)
    assert found.on_rights
    assert theme in codes(found)
    assert found.language == language


UNDER_WAY = [
    (
        "en", "Eleven North Koreans in Jilin at imminent risk of forced return",
        "Police in Jilin took them from a bus on Tuesday. We ask China to let them go on to a third country.",
    ),
    (
        "en", "China: stop the forced repatriation of a North Korean family now",
        "The couple and their two children were arrested near Shenyang on Monday. They face torture if sent back.",
    ),
    (
        "en", "North Korean woman detained in Yunnan faces deportation",
        "She was arrested last night and may be sent back within days, her sister fears. Activists call for urgent action.",
    ),
    (
        "en", "Fears grow for forty North Koreans about to be sent back by China",
        "Buses have left the detention centre in Tumen for the border, a witness said today. They are at grave risk.",
    ),
    (
        "ko", "중국에서 붙잡힌 탈북민 일곱 명 강제북송 위기",
        "지난주 지린성에서 체포된 탈북민들이 곧 북한으로 보내질 수 있다고 가족들이 밝혔다. 우리는 즉각 석방을 촉구한다.",
    ),
    (
        "ko", "중국 공안, 탈북민 가족 5명 체포…강제북송 임박",
        "어제 선양에서 체포된 이들이 며칠 안에 북한으로 송환될 위험에 처했다. 어린이도 두 명 있다.",
    ),
    (
        "ko", "탈북 여성 윈난성에서 구금, 북송 우려",
        "그는 어젯밤 체포됐으며 북송되면 고문을 당할 수 있다고 인권단체가 긴급 호소했다.",
    ),
    (
        "ja", "中国で拘束された脱北者に強制送還の危機",
        "北朝鮮に送り返されれば処罰される。家族は即時釈放を求めている。",
    ),
    (
        "ja", "脱北者の一家五人、中国当局が拘束 強制送還の恐れ",
        "昨日瀋陽で拘束された。北朝鮮に送還されれば拷問を受ける恐れがあると人権団体が緊急に訴えた。",
    ),
    (
        "ja", "雲南省で脱北女性を拘束、強制送還の恐れ",
        "女性は昨夜逮捕され、数日以内に北朝鮮へ送還される危険がある。支援団体は緊急の行動を求めた。",
    ),
    (
        "fr", "Des réfugiés nord-coréens menacés de renvoi forcé, l’urgence grandit",
        "Six Nord-Coréens détenus en Chine risquent la prison s’ils sont remis à la Corée du Nord.",
    ),
    (
        "fr", "Chine : une famille nord-coréenne arrêtée risque d’être renvoyée de force",
        "Les cinq ont été arrêtés hier près de Shenyang. S’ils sont renvoyés en Corée du Nord, ils risquent la torture.",
    ),
    (
        "fr", "Une Nord-Coréenne détenue au Yunnan menacée d’expulsion imminente",
        "Arrêtée cette nuit, elle peut être renvoyée dans les prochains jours, craint sa sœur. Il faut agir d’urgence.",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("language", "title", "text"), UNDER_WAY)
def test_a_forced_return_under_way_is_urgent(language: str, title: str, text: str) -> None:
    found = read_as(language, title, text)
    assert found.urgency is URGENT
    assert "refugees" in codes(found)
    assert found.urgency_evidence
    assert found.cues[0] == found.dangers[0].seen


@pytest.mark.parametrize(("language", "title", "text"), UNDER_WAY)
def test_the_same_is_no_longer_urgent_when_it_comes_a_month_late(language: str, title: str, text: str) -> None:
    old = statement(title=title, text=text, language=language, published=NOW - timedelta(days=30))
    assert read(old, shipped_rules()).urgency is not URGENT


@pytest.mark.parametrize(
    ("language", "title", "text"),
    [
        (
            "en", "Ten years after the forced return of North Koreans: a memorial",
            "On the anniversary, families in Seoul remembered those who were sent back in 2013.",
        ),
        (
            "en", "Film festival opens with the story of a family that was sent back to North Korea",
            "The film, set in 1997, tells how they were arrested and deported. It is shown until Sunday.",
        ),
        (
            "en", "Report looks back on thirty years of forced returns to North Korea",
            "The study documents cases from 1990 to 2020, drawn from interviews with former detainees.",
        ),
        ("en", "New book on North Korean prison camps", "It tells of those whose whereabouts are unknown."),
        ("ko", "탈북민 강제북송 20주년 추모식 서울에서 열려", "유족들은 2003년 중국에서 북송된 탈북민들을 기리며 헌화했다."),
        ("ko", "강제북송을 다룬 다큐멘터리 영화 개봉", "영화는 1998년 북한으로 송환된 한 가족의 이야기를 그린다."),
        ("ko", "북한 강제북송 실태 보고서 발간", "보고서는 지난 20년의 사례와 증언을 분석했다."),
        ("ja", "脱北者の強制送還から10年、東京で追悼集会", "参加者は2013年に北朝鮮へ送還された人々を偲んだ。"),
        ("ja", "強制送還された脱北者を描いた映画が公開", "1998年に北朝鮮に送り返された家族の物語である。"),
        ("ja", "脱北者の強制送還に関する報告書を刊行", "過去二十年の証言を分析した。"),
        (
            "fr", "Dix ans après le renvoi forcé de Nord-Coréens, une commémoration à Séoul",
            "Les familles ont rendu hommage à ceux qui furent renvoyés en 2013.",
        ),
        ("fr", "Un film sur une famille nord-coréenne renvoyée en Corée du Nord", "Le film raconte leur arrestation en 1998."),
        (
            "fr", "Un rapport retrace trente ans de renvois forcés en Corée du Nord",
            "L’étude rassemble des témoignages de 1990 à 2020.",
        ),
    ],
)  # fmt: skip
def test_what_is_remembered_told_or_studied_is_not_urgent(language: str, title: str, text: str) -> None:
    found = read_as(language, title, text)
    assert found.about_nk
    assert found.urgency is not URGENT


@pytest.mark.parametrize(
    ("language", "title", "text"),
    [
        ("en", "South Korea opens a centre for victims of torture", "Survivors of the military rule in South Korea spoke."),
        ("en", "Northern Ireland families ask for the truth on the disappeared", "They met in Belfast on Sunday."),
        ("en", "Death penalty in Asia: forty pages", "x " * 400 + "North Korea is on page nine."),
        ("en", "Prison camps in Xinjiang", "Testimony on forced labour. " + "x " * 200 + "It also has a desk for North Korea."),
        ("en", "Democratic Republic of the Congo: arbitrary detention of journalists", "Three reporters were tortured."),
        ("ko", "북한산 등산로에서 실종자 수색", "구조대는 북한산 국립공원에서 사흘째 수색하고 있다."),
        ("ko", "조선일보 기자 폭행 사건 재판", "조선일보는 즉각 성명을 냈다."),
        ("ko", "조선소 노동자 강제 노동 논란", "거제의 조선소에서 일하는 이주노동자들이 임금을 받지 못했다."),
        ("ja", "東北地方の刑務所で虐待の疑い", "弁護士会が調査を求めた。"),
        ("ja", "朝鮮戦争の記録映画を上映", "東京で行われる。"),
        ("fr", "Corée du Sud : des travailleurs migrants sans salaire", "Les autorités sud-coréennes promettent une enquête."),
        ("fr", "Irlande du Nord : la vérité sur les disparus", "Les familles ont attendu cinquante ans."),
    ],
)  # fmt: skip
def test_a_near_miss_is_not_on_north_korea(language: str, title: str, text: str) -> None:
    found = read_as(language, title, text)
    assert not found.about_nk
    assert (found.themes, found.urgency) == ((), ROUTINE)


@pytest.mark.parametrize(
    ("language", "title", "text", "theme"),
    [
        ("en", "North Korea fires a ballistic missile", "It fell into the sea.", "security"),
        ("ko", "북한, 탄도미사일 발사", "북한은 발사 사실을 밝히지 않았다.", "security"),
        ("ja", "北朝鮮の女子サッカー代表が優勝", "北朝鮮は決勝で勝った。", "culture"),
        ("fr", "La Corée du Nord aux Jeux olympiques", "Douze athlètes de Corée du Nord sont attendus.", "culture"),
    ],
)
def test_the_army_and_sport_are_on_north_korea_and_not_on_rights(
    language: str, title: str, text: str, theme: str
) -> None:
    found = read_as(language, title, text)
    assert found.about_nk
    assert codes(found) == {theme}
    assert not found.on_rights


def test_a_source_that_writes_on_north_korea_only_need_not_name_it() -> None:
    title, text = "Escapees detained in Yunnan", "Nobody has heard of the defectors since."
    assert not read_as("en", title, text).about_nk
    assert read_as("en", title, text, nk_only=True).on_rights


def test_every_finding_has_its_evidence_in_the_statement() -> None:
    one = statement(
        title="북한 정치범\u00a0수용소, 처형  위기",
        text="탈북민 가족은 강제 북송을  두려워한다.\n\n" * 9,
        language="ko",
    )
    found = read(one, shipped_rules())
    told = list(evidence(found))
    assert {"title", "text"} == {e.field for e in told}
    assert all(getattr(one, e.field)[e.start : e.end] == e.phrase for e in told)
    assert all(f.evidence for f in found.themes)


def test_a_reading_names_statement_revision_and_rules() -> None:
    found = read(statement("s9", revision=3), shipped_rules())
    assert (found.statement_id, found.revision, found.rules) == ("s9", 3, shipped_rules().version)


# Whatever the rules and the text

SMALL = rules(
    {
        "names": ["North Korea", "북한"],
        "theme:prisons": ["prison camp", "정치범 수용소", "camp* of"],
        "theme:food": ["famine", "starv*"],
        "theme:security": ["missile"],
        "urgency:detention": ["arrest*"],
        "urgency:fear": ["fear*"],
    },
    {
        "urgent": Head(-1.0, {"urgency:detention&urgency:fear": 2.0, "word:now": 1.0}),
        "notable": Head(-1.0, {"urgency:detention": 2.0}),
    },
)


def small(title: str, text: str = "") -> Reading:
    """The reading by small rules."""
    return read(statement(title=title, text=text), SMALL)


def test_a_statement_is_read_from_its_title_and_text() -> None:
    found = small("Arrests in North Korea", "Families fear a prison camp.")
    assert (found.about_nk, codes(found), found.urgency, found.language) == (True, {"prisons"}, URGENT, "en")
    assert {e.phrase for e in found.urgency_evidence} == {"Arrests", "fear"}
    assert (found.quotes, found.asks, found.cases, found.released_by) == ((), (), (), "")


def test_themes_stand_in_the_beginning_and_names_anywhere() -> None:
    late = small("North Korea: famine", " " * BEGINNING + "A missile. Arrests. They fear.")
    assert (codes(late), late.urgency) == ({"food"}, ROUTINE)
    assert not read(statement(title="x", text="x " * LONGEST + "북한 " * 50), SMALL).about_nk


pieces = st.one_of(
    st.sampled_from(
        [
            *(
                "North Korea",
                "북한",
                "prison camp",
                "Prison  Camps",
                "정치범\n수용소",
                "campsites of",
                "famine",
                "starving",
            ),
            *(
                "missile",
                "arrested",
                "fears",
                "now",
                "“",
                "”",
                " ",
                "\n\n",
                "\u3000 ",
                "e\u0301",
                "𝕏",
                "\U0001f600",
                "ﬁ",
                ".",
            ),
        ]
    ),
    st.text(max_size=6),
)
texts = st.lists(pieces, max_size=25).map(" ".join)


@given(texts, texts)
def test_places_reproduce_their_phrases_in_any_text(title: str, text: str) -> None:
    one = statement(title=title, text=text)
    found = read(one, SMALL)
    for place in evidence(found):
        assert 0 <= place.start < place.end
        assert getattr(one, place.field)[place.start : place.end] == place.phrase
    assert len(found.themes) <= MOST
    assert all(len(f.evidence) <= KEPT for f in found.themes)
    assert len(found.urgency_evidence) <= KEPT
    assert found.themes or not found.about_nk


#: What quotes, asks, cases and all lists of the shipped rules look for, and what may stand between.
SHIPPED = [
    "North Korea", "북한", "北朝鮮", "Corée du Nord", "prison camp", "강제북송", "拉致", "Kim Dong-chul", "김동철", "橫田さん", "“", "”",
    "「", "」", "said", "China must", "should immediately release", "말했다", "해야 한다", "と述べた", "はすべきだ", "doit libérer", "a déclaré",
    "detained", "now", ". ", "\n\n", "  ", "\u3000", "𝕏", "\U0001f600", "e\u0301", ",", "before Friday", "three women", "(", ")",
    "Hyesan", "to China", "the Tumen River", "단둥에서", "일곱 명", "7人", "瀋陽", "deported", "floods", "송환 촉구", "natif de", "İ",
]  # fmt: skip
mixed = st.lists(st.one_of(st.sampled_from(SHIPPED), st.text(max_size=4)), max_size=40).map(" ".join)


@given(mixed, mixed, st.sampled_from(["en", "ko", "ja", "fr", ""]))
def test_places_reproduce_their_phrases_by_the_rules_that_ship(title: str, text: str, language: str) -> None:
    one = statement(title=f"North Korea {title}", text=text, language=language)
    found = read(one, shipped_rules())
    assert all(getattr(one, e.field)[e.start : e.end] == e.phrase and e.phrase for e in evidence(found))
    assert read(one, shipped_rules()) == found


@settings(max_examples=25)
@given(st.lists(st.tuples(texts, texts), max_size=8), st.data())
def test_a_reading_depends_on_no_other_and_on_no_order(stream: list[tuple[str, str]], data: st.DataObject) -> None:
    told = [statement(f"s{n}", title=title, text=text) for n, (title, text) in enumerate(stream)]
    alone = {one.id: read(one, SMALL) for one in told}
    assert {one.id: read(one, SMALL) for one in data.draw(st.permutations(told))} == alone


@given(texts, texts)
def test_what_is_not_on_north_korea_has_no_themes_and_no_urgency(title: str, text: str) -> None:
    found = small(title, text)
    assert found.about_nk or (found.themes, found.urgency, found.urgency_evidence) == ((), ROUTINE, ())


def test_a_reading_is_the_same_in_every_process() -> None:
    program = (
        "from nkwatch.reading import read; from tests.making import shipped_rules, statement;"
        "print(read(statement(title='North Korea: 정치범수용소, forced return, famine', text='execution imminent ' * 9),"
        " shipped_rules()))"
    )
    said = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": ":".join(p for p in sys.path if p)},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert len(said) == 1


# Hostile texts: what counts is that the work grows with the length and not faster


def on_north_korea(text: str) -> Statement:
    """A statement that is read to the end."""
    return statement(title="North Korea: prison camp", text=text)


@pytest.mark.parametrize(
    "letter", ["a", "북", " ", "\n", "-", "\u0301", "。", "북한산", "North Korea ", "𝕏", "“", "'", "Kim "]
)
def test_a_million_times_the_same_costs_no_more_than_the_longest_text(letter: str) -> None:
    def cost(size: int) -> int:
        one = on_north_korea((letter * size)[:size])
        return lines_run(lambda: read(one, shipped_rules()))

    cost(LONGEST)
    assert cost(1_000_000) <= cost(LONGEST)


HOSTILE = {
    "one letter": lambda n: "a" * n,
    "opening quotes": lambda n: "“" * n,
    "opening brackets": lambda n: "「" * n,
    "straight quotes": lambda n: '"a ' * (n // 3),
    "terms without spaces": lambda n: "prisoncampforcedreturnstarvation" * (n // 32),
    "terms": lambda n: "prison camp, forced return, famine. " * (n // 36),
    "korean terms without spaces": lambda n: "정치범수용소강제북송" * (n // 10),
    "different words": lambda n: " ".join(f"w{k}" for k in range(n // 5)),
    "beginnings": lambda n: "deport" * (n // 6),
    "masks": lambda n: "북한산 " * (n // 4),
    "doubled spaces": lambda n: "North  Korea. " * (n // 14),
    "names": lambda n: "Kim Dong-chul " * (n // 14),
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_the_work_grows_with_the_length_of_the_text(kind: str) -> None:
    def cost(size: int) -> int:
        one = on_north_korea(HOSTILE[kind](size))
        return lines_run(lambda: read(one, shipped_rules()))

    cost(100)
    assert cost(8_000) < 2.3 * cost(4_000)


@pytest.mark.parametrize("text", ["“" * 100_000, " ".join(f"word{n}" for n in range(10_000)), "prisoncamp" * 100_000])
def test_hostile_texts_of_full_size_are_read(text: str) -> None:
    assert read(on_north_korea(text), shipped_rules()).about_nk


def test_what_stands_beyond_the_longest_text_is_not_looked_at() -> None:
    far = read_as("en", "A long report", "x " * LONGEST + "North Korea " * 50)
    assert not far.about_nk


def test_what_stands_beyond_the_longest_title_is_not_looked_at() -> None:
    assert not read_as("en", "x " * LONGEST_TITLE + "North Korea").about_nk


def test_urgency_rests_on_the_dangers_first_and_on_none_where_it_is_not_urgent_or_an_editor_said_so() -> None:
    soon, sent = (Evidence("text", 0, 4, "soon"), Evidence("text", 9, 18, "sent back"))
    named = {"dangers": (Sighting("forced_return", sent),)}
    assert reading(urgency=URGENT, urgency_evidence=(soon, sent), **named).cues == (sent, soon)
    assert reading(urgency=Urgency.NOTABLE, urgency_evidence=(soon,), **named).cues == (soon,)
    assert reading(urgency=URGENT, urgency_evidence=(), **named).cues == ()


def test_on_rights_means_on_north_korea_and_on_rights() -> None:
    assert reading(themes=(finding(),)).on_rights
    assert not reading(themes=()).on_rights
    assert not reading(themes=(finding(),), about_nk=False).on_rights
