"""How whole statements are read by the rules that ship with nkwatch, in four languages. All texts are invented."""

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.theme import Reading, Urgency
from nkwatch.reading import LONGEST, read
from tests.core.counting import lines_run
from tests.making import finding, reading, shipped_lexicon, statement

URGENT, NOTABLE, ROUTINE = Urgency.URGENT, Urgency.NOTABLE, Urgency.ROUTINE


def read_as(language: str, title: str, text: str = "", *, nk_only: bool = False) -> Reading:
    """The reading of a statement whose source writes in `language`."""
    return read(statement(title=title, text=text, language=language), shipped_lexicon(), nk_only=nk_only)


def codes(found: Reading) -> set[str]:
    """The codes of its themes."""
    return {f.code for f in found.themes}


@pytest.mark.parametrize(
    ("language", "title", "text", "theme", "urgency"),
    [
        (
            "en", "Eleven North Koreans in Jilin at imminent risk of forced return",
            "Police in Jilin took them from a bus on Tuesday. We ask China to let them go on to a third country.",
            "refugees", URGENT,
        ),
        (
            "en", "Court in North Korea said to have handed down a death sentence for a film",
            "A trader in Hyesan was sentenced to death by firing squad, two residents told us.",
            "executions", URGENT,
        ),
        (
            "en", "Satellite pictures show new walls around a North Korean prison camp",
            "The walls were built between March and September, our analysts found.",
            "prisons", ROUTINE,
        ),
        (
            "en", "Traders arrested in a North Korean market town",
            "Nine women were arrested for selling grain without a licence. Prices rose; the food shortage goes on.",
            "food_aid", NOTABLE,
        ),
        (
            "en", "Letters from divided families reach North Korea",
            "Separated families in Seoul have recorded video messages for relatives they have not seen since 1950.",
            "separated_families", ROUTINE,
        ),
        (
            "en", "Songbun still decides who may study in North Korea",
            "Pupils of the hostile class are kept out of universities, a survey of former teachers finds.",
            "discrimination", ROUTINE,
        ),
        (
            "ko", "중국에서 붙잡힌 탈북민 일곱 명 강제북송 위기",
            "지난주 지린성에서 체포된 탈북민들이 곧 북한으로 보내질 수 있다고 가족들이 밝혔다. 우리는 즉각 석방을 촉구한다.",
            "refugees", URGENT,
        ),
        (
            "ko", "북한 정치범 수용소 실태를 담은 증언집",
            "북한 정치범수용소에서 나온 이들의 이야기를 모았다.",
            "prisons", ROUTINE,
        ),
        (
            "ko", "북한 장마당 통제로 식량난 깊어져",
            "북한 주민들은 쌀값이 두 배로 올랐다고 전한다.",
            "food_aid", ROUTINE,
        ),
        (
            "ja", "中国で拘束された脱北者に強制送還の危機",
            "北朝鮮に送り返されれば処罰される。家族は即時釈放を求めている。",
            "refugees", URGENT,
        ),
        (
            "ja", "拉致被害者の家族が面会を求める",
            "北朝鮮による拉致から長い年月がたち、親の世代は高齢になった。",
            "abductions", ROUTINE,
        ),
        (
            "ja", "北朝鮮の政治犯収容所で新たな建物を確認",
            "衛星写真から分かった。北朝鮮は存在を認めていない。",
            "prisons", ROUTINE,
        ),
        (
            "fr", "Des réfugiés nord-coréens menacés de renvoi forcé, l’urgence grandit",
            "Six Nord-Coréens détenus en Chine risquent la prison s’ils sont remis à la Corée du Nord.",
            "refugees", URGENT,
        ),
        (
            "fr", "Corée du Nord : la liberté de religion n’existe que sur le papier",
            "Une étude décrit la persécution des chrétiens en Corée du Nord.",
            "religion", ROUTINE,
        ),
        (
            "fr", "Une aide humanitaire pour les enfants de Corée du Nord",
            "La malnutrition touche surtout les campagnes, disent les agences humanitaires.",
            "food_aid", ROUTINE,
        ),
    ],
)  # fmt: skip
def test_a_statement_on_rights_is_taken_classed_and_weighed(
    language: str, title: str, text: str, theme: str, urgency: Urgency
) -> None:
    found = read_as(language, title, text)
    assert found.on_rights
    assert theme in codes(found)
    assert found.urgency is urgency
    assert found.language == language


@pytest.mark.parametrize(
    ("language", "title", "text"),
    [
        ("en", "South Korea opens a centre for victims of torture", "Survivors of the military rule in South Korea spoke."),
        ("en", "Northern Ireland families ask for the truth on the disappeared", "They met in Belfast on Sunday."),
        ("en", "Death penalty in Asia: forty pages", "x " * 400 + "North Korea is on page nine."),
        ("en", "Prison camps in Xinjiang", "Testimony on forced labour. " + "x " * 200 + "It also has a desk for North Korea."),
        ("en", "Pyongyang Street restaurant closes in Bonn", "Its owner retires."),
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


@pytest.mark.parametrize(
    ("language", "title", "text"),
    [
        (
            "en", "Tenth anniversary of a mass repatriation of North Korean refugees",
            "They had been at imminent risk of forced return to North Korea.",
        ),
        (
            "en", "A North Korean woman held in Yunnan has been released",
            "She had been at imminent risk of forced return. She is safe now.",
        ),
        (
            "en", "New book on North Korean prison camps", "It tells of those whose whereabouts are unknown.",
        ),
        ("ko", "강제북송 10주년 추모 행사", "북한으로 보내진 이들은 당시 강제북송 위기에 있었다."),
        ("ja", "拉致から50周年の集会", "北朝鮮に拘束されたままの人々の即時釈放を求めた。"),
        ("fr", "Anniversaire du renvoi forcé de réfugiés nord-coréens", "On les croyait alors en danger de mort."),
    ],
)  # fmt: skip
def test_what_is_remembered_or_over_is_not_urgent(language: str, title: str, text: str) -> None:
    found = read_as(language, title, text)
    assert found.about_nk
    assert found.urgency is not URGENT


def test_a_source_that_writes_on_north_korea_only_need_not_name_it() -> None:
    title, text = "Escapees from Hoeryong detained in Yunnan", "Nobody has heard of them since."
    assert not read_as("en", title, text).about_nk
    assert read_as("en", title, text, nk_only=True).on_rights


def test_every_finding_has_its_evidence_in_the_statement() -> None:
    one = statement(
        title="북한 정치범\u00a0수용소, 처형  위기",
        text="탈북민 가족은 강제 북송을  두려워한다.\n\n" * 9,
        language="ko",
    )
    found = read(one, shipped_lexicon())
    evidence = [
        *found.relevance_evidence, *found.urgency_evidence, *(e for f in found.themes for e in f.evidence)
    ]  # fmt: skip
    assert {"title", "text"} == {e.field for e in evidence}
    assert all(getattr(one, e.field)[e.start : e.end] == e.phrase for e in evidence)
    assert all(f.evidence for f in found.themes)
    assert found.urgency_evidence


def test_a_reading_names_statement_revision_and_rules() -> None:
    found = read(statement("s9", revision=3), shipped_lexicon())
    assert (found.statement_id, found.revision, found.rules) == ("s9", 3, shipped_lexicon().rules)


WORDS = [
    "North Korea ",
    "북한 ",
    "prison camp ",
    "imminent. ",
    "강제북송 ",
    "was released ",
    "拉致 ",
    "\u00a0",
    "\n\n",
    "x ",
]
made_up = st.lists(st.sampled_from(WORDS), max_size=40).map("".join)


@given(made_up, made_up)
def test_the_same_statement_is_always_read_the_same(title: str, text: str) -> None:
    assert read_as("en", title, text) == read_as("en", title, text)


@given(made_up, made_up)
def test_what_is_not_on_north_korea_has_no_themes_and_no_urgency(title: str, text: str) -> None:
    found = read_as("en", title, text)
    assert found.about_nk or (found.themes, found.urgency) == ((), ROUTINE)


def test_a_reading_is_the_same_in_every_process() -> None:
    program = (
        "from nkwatch.reading import read; from tests.making import shipped_lexicon, statement;"
        "print(read(statement(title='North Korea: 정치범수용소, forced return, famine', text='execution imminent ' * 9),"
        " shipped_lexicon()))"
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


@pytest.mark.parametrize("letter", ["a", "북", " ", "\n", "-", "\u0301", "。", "북한산", "North Korea ", "𝕏"])
def test_two_hundred_thousand_times_the_same_are_read(letter: str) -> None:
    one = statement(title=letter * (500 // len(letter)), text=letter * (200_000 // len(letter)))
    assert read(one, shipped_lexicon()).statement_id == "s1"


@pytest.mark.parametrize(
    "piece", ["북한산 ", "North  Korea. ", "imminent was released. ", "정치범 수용소 ", "South Korea, North Korea; "]
)
def test_the_work_grows_with_the_length_of_the_text(piece: str) -> None:
    def cost(count: int) -> int:
        one = statement(title="", text=piece * count)
        return lines_run(lambda: read(one, shipped_lexicon()))

    assert cost(400) < 2.5 * cost(200)


def test_what_stands_beyond_the_longest_text_is_not_looked_at() -> None:
    far = read_as("en", "A long report", "x " * LONGEST + "North Korea " * 50)
    assert not far.about_nk


def test_what_stands_beyond_the_longest_title_is_not_looked_at() -> None:
    assert not read_as("en", "x " * LONGEST + "North Korea").about_nk


def test_on_rights_means_on_north_korea_and_on_rights() -> None:
    assert reading(themes=(finding(),)).on_rights
    assert not reading(themes=()).on_rights
    assert not reading(themes=(finding(),), about_nk=False).on_rights
