"""Who says what: quotations of four languages, and who is named with them."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.catalogue.speech import load_speech
from nkwatch.reading.quotes import MOST, quotes
from nkwatch.reading.sentences import quotations, sentences
from nkwatch.reading.speech import alternation

SPEECH = load_speech()
ROE = ("Jane Roe", "senior researcher at Example Watch")


def said(text: str, language: str = "en", field: str = "text") -> list[tuple[str, str, str]]:
    """Words, speaker and role of every quote; each stands where it says."""
    found = quotes({field: text}, SPEECH, language)
    for quote in found:
        assert text[quote.words.start : quote.words.end] == quote.words.phrase
        assert quote.words.field == field
        assert quote.speaker in text
        assert quote.role in text
    return [(q.words.phrase, q.speaker, q.role) for q in found]


def speakers(text: str, language: str = "en", field: str = "text") -> list[tuple[str, str]]:
    return [(speaker, role) for _, speaker, role in said(text, language, field)]


def test_the_speaker_may_follow_and_go_on_speaking() -> None:
    text = "“They took my brother at night,” said Jane Roe, senior researcher at Example Watch. “He never came back.”"
    assert said(text) == [("They took my brother at night,", *ROE), ("He never came back.", *ROE)]


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ('Jane Roe, senior researcher at Example Watch, said: "The camps are still full."', ROE),
        ('Jane Roe, senior researcher at Example Watch commented:\n\n"The camps are still full."', ROE),
        ("“The camps are still full,” Jane Roe, senior researcher at Example Watch, said.", ROE),
        ('The border is shut. Jane Roe said on Monday: "The camps are still full."', ("Jane Roe", "")),
        ('In May, Jane Roe told reporters: "The camps are still full."', ("Jane Roe", "")),
        ("“The camps are still full,” said Jane Roe, who fled in 2014.", ("Jane Roe", "")),
        ("“The camps are still full,” said Jane Roe, adding that it was late.", ("Jane Roe", "")),
        ("“The camps are still full,” said UN Special Rapporteur Jane Roe.", ("Jane Roe", "UN Special Rapporteur")),
        ("“The camps are still full,” said the joint statement.", ("the joint statement", "")),
        (
            "“The camps are still full,” a spokesperson for Example Watch said.",
            ("a spokesperson for Example Watch", ""),
        ),
        ("According to Jane Roe, “the camps are still full”.", ("Jane Roe", "")),
        ("“The camps are still full,” according to Jane Roe.", ("Jane Roe", "")),
        ("The minister vowed that “the camps will be full again”.", ("The minister", "")),
        ("“It was dark,” said Jane Roe, 34, a former soldier who fled.", ("Jane Roe", "a former soldier")),
        ("“It was dark,” her sister, Jane Roe, said.", ("Jane Roe", "her sister")),
        ("Jane Roe of Example Watch spoke to reporters. “We saw six buses,” she said.", ("Jane Roe", "")),
        ("Soldier Jane Roe sat down. “We ate corn and salt,” she said.", ("Jane Roe", "Soldier")),
        ("Jane Roe, who fled, spoke after the vote. “This Council cannot look away.”", ("Jane Roe", "")),
        ("“Nobody knows their names.” Jane Roe said so twice.", ("Jane Roe", "")),
        ("She spoke after the vote. “This Council cannot look away.”", ("", "")),
        ("Minister Jane Roe was there. “We ate corn and salt,” Roe said.", ("Jane Roe", "")),
        ("Minister Roe was there. “We ate corn and salt,” Roe said.", ("Roe", "")),
        ("Ri Chol-min was there. “We ate corn and salt,” Ri said.", ("Ri Chol-min", "")),
        ("“They know this.” It was dark.", ("", "")),
        ("Indeed, the report was grave, stating: “The camps are still full.”", ("", "")),
        ("Interview: “The camps are still full.”", ("", "")),
        ("North Korea: “The camps are still full.”", ("", "")),
        ("We asked again. “The camps are still full.”", ("", "")),
        ("“The camps are still full,” she said.", ("", "")),
        ("It is late.\n\n“The camps are still full", ("", "")),
    ],
)
def test_a_quotation_has_the_speaker_that_its_sentence_names(text: str, who: tuple[str, str]) -> None:
    assert speakers(text) == [who]


@pytest.mark.parametrize(
    ("title", "who"),
    [
        ("Jane Roe: “The camps are still full”", "Jane Roe"),
        ("'The camps are still full,' says UN rights chief", "UN rights chief"),
        ("‘The camps are still full’ - Jane Roe", "Jane Roe"),
        ("‘Don’t send us back to them’", ""),
    ],
)
def test_a_headline_names_its_speaker(title: str, who: str) -> None:
    assert speakers(title, field="title") == [(who, "")]


def test_a_pronoun_is_the_last_one_named_and_a_surname_the_whole_name() -> None:
    text = (
        "“The camps are still full,” said Jane Roe, senior researcher at Example Watch. It was cold.\n\n"
        "“Nobody has left them,” she said. The guards were many. “Nobody ever will leave,” Roe added."
    )
    assert speakers(text) == [ROE, ROE, ROE]


def test_a_quotation_goes_on_in_the_next_paragraph() -> None:
    text = "“The first of two paragraphs.\n\n“The second of two paragraphs,” said Jane Roe."
    assert said(text) == [
        ("The first of two paragraphs.", "Jane Roe", ""),
        ("The second of two paragraphs,", "Jane Roe", ""),
    ]
    text = "Jane Roe said:\n\n“The first of two paragraphs.\n\n“The second of two paragraphs.”"
    assert speakers(text) == [("Jane Roe", "")] * 2
    text = "“The first of two paragraphs,” said Jane Roe.\n\n“The second is a quotation too.”"
    assert speakers(text) == [("Jane Roe", "")] * 2


def test_another_quotation_far_away_is_by_nobody() -> None:
    text = "“The camps are still full,” said Jane Roe.\n\nIt snowed.\n\n“Nobody has left them since.”"
    assert speakers(text) == [("Jane Roe", ""), ("", "")]
    text = f"“The camps are still full,” said Jane Roe. {'It snowed. ' * 40}“Nobody has left them since.”"
    assert speakers(text) == [("Jane Roe", ""), ("", "")]
    text = "“The camps are still full.\n\n“Nobody has left them since.” It snowed."
    assert speakers(text) == [("", ""), ("", "")]


@pytest.mark.parametrize(
    "text",
    [
        "The “guilt by association” practice goes on.",
        "The film “a long way from home to here” was shown.",
        "The so-called “control zones of the state” remain.",
        "The briefing “Ten Years Behind Barbed Wire” is out.",
        "A screen of 15\" and a table of 3' or 4'.",
        "The workers' rights and the guards' duties.",
        "“…” “ ” ”",
        'See "https://example.org/a-long-way-from-home-to-here" for more',
        "“One paragraph opens and never closes.\n\nThe next one does not go on.",
        "‘One paragraph opens and never closes.\n\n‘The next one does",
        "No marks at all.",
    ],
)
def test_words_in_quotation_marks_are_no_speech(text: str) -> None:
    assert said(text) == []


def test_marks_of_two_kinds_may_be_mixed_and_nested() -> None:
    assert [p for p, *_ in said('“The camps are still full," said Roe.')] == ["The camps are still full,"]
    assert [p for p, *_ in said('He wrote: "They call us ‘the lowest class’ of people.”')] == [
        "They call us ‘the lowest class’ of people."
    ]
    assert [p for p, *_ in said("‘A stray mark “but these are real words” here")] == ["but these are real words"]


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("« Les familles attendent toujours », a déclaré Anne Dupont, chercheuse à Exemple.", ("Anne Dupont", "chercheuse à Exemple")),
        ("Anne Dupont, directrice d’Exemple, a déclaré : « Nous ne pouvons plus attendre. »", ("Anne Dupont", "directrice d’Exemple")),
        ("Selon Anne Dupont, « les camps sont toujours pleins ».", ("Anne Dupont", "")),
        ("Anne Dupont a pris la parole hier. « Il faut agir maintenant », ajoute-t-elle.", ("Anne Dupont", "")),
        ("« Les camps sont toujours pleins », déplore Anne Dupont.", ("Anne Dupont", "")),
        ("« Personne ne nous a répondu », a-t-elle ajouté.", ("", "")),
        ("« Les camps sont toujours pleins », affirme le communiqué.", ("le communiqué", "")),
    ],
)  # fmt: skip
def test_french_quotations(text: str, who: tuple[str, str]) -> None:
    assert speakers(text, "fr") == [who]


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("홍길동 통일부 장관은 12일 국회에서 “강제송환은 있어서는 안 된다”라고 말했다.", ("홍길동", "통일부 장관")),
        ("통일부 홍길동 장관은 “대화의 문은 열려 있다”고 밝혔다.", ("홍길동", "장관")),
        ('안나 로시(45) 유엔 북한인권특별보고관은 "더 나서야 할 때"라고 강조했다.', ("안나 로시", "유엔 북한인권특별보고관")),
        ("12일 홍길동 장관은 “대화의 문은 열려 있다”고 밝혔다.", ("홍길동", "장관")),
        ("유엔 북한인권특별보고관은 “국경은 닫혀 있다”고 밝혔다.", ("유엔 북한인권특별보고관", "")),
        ("통일부 소속 김 홍길동 장관은 “국경은 닫혀 있다”고 밝혔다.", ("홍길동", "장관")),
        ("통일부는 “대화의 문은 열려 있다”고 밝혔다.", ("통일부", "")),
        ("북한인권시민연합은 “국경은 닫혀 있다”고 밝혔다.", ("북한인권시민연합", "")),
        ("홍길동은 “국경은 닫혀 있다”고 말했다.", ("홍길동", "")),
        ("군이 운영하는 “국경은 닫혀 있다”고 말했다.", ("군", "")),
        ("“국경은 닫혀 있다”고 홍길동 장관은 말했다.", ("홍길동", "장관")),
        ("“국경은 닫혀 있다”고 말했다.", ("", "")),
        ("그는 “국경은 닫혀 있다”고 말했다.", ("", "")),
        ("홍길동 전 대사는 “국경은 닫혀 있다”고 말했다고 통신이 보도했다.", ("홍길동", "전 대사")),
        ("형 홍길동 씨는 “국경은 닫혀 있다”고 말했다.", ("홍길동", "")),
        ("탈북민 홍길동씨는 “국경은 닫혀 있다”고 말했다.", ("홍길동", "")),
        ("김 모 씨는 “국경은 닫혀 있다”고 말했다.", ("김 모", "")),
        ("“우리 딸이 북송됐습니다.” 홍길동 씨는 울먹이며 말했다.", ("홍길동", "")),
        ("홍길동 씨는 울먹이며 말했다. “우리 딸이 북송됐습니다.”", ("홍길동", "")),
        ("그날 홍길동 통일부 장관이 왔다. 홍 장관은 “국경은 닫혀 있다”고 말했다.", ("홍길동", "장관")),
        ("홍 장관은 “국경은 닫혀 있다”고 말했다.", ("홍", "장관")),
        ("이 단체 홍길동 사무국장은 “국경은 닫혀 있다”고 말했다.", ("홍길동", "사무국장")),
        ("유엔 인권최고대표사무소 대변인은 “국경은 닫혀 있다”고 말했다.", ("유엔 인권최고대표사무소 대변인", "")),
        ("탈북민 출신 홍길동 의원은 “국경은 닫혀 있다”고 말했다.", ("홍길동", "의원")),
        ("“국경은 닫혀 있다”고 앰네스티 조사관 홍길동은 말했다.", ("홍길동", "조사관")),
        ("행사가 열렸다.\n“우리는 지금도 가족을 기다린다.”\n끝.", ("", "")),
    ],
)  # fmt: skip
def test_korean_quotations(text: str, who: tuple[str, str]) -> None:
    assert speakers(text, "ko") == [who]


def test_a_korean_speaker_goes_on_behind_the_first_quotation() -> None:
    text = '홍길동 대사는 "국경은 닫혀 있다"라며 "정부가 나서야 한다"고 말했다.'
    assert speakers(text, "ko") == [("홍길동", "대사")] * 2


def test_a_short_korean_surname_is_the_last_one_named_with_it() -> None:
    text = "홍길동 통일부 장관은 “국경은 닫혀 있다”고 말했다. 홍 장관은 “시간이 없다”고 덧붙였다."
    assert speakers(text, "ko") == [("홍길동", "통일부 장관")] * 2


def test_korean_pronouns_and_single_marks() -> None:
    text = "홍길동 통일부 장관은 “국경은 닫혀 있다”고 말했다. 그는 ‘시간이 없다’고 덧붙였다. ‘인권의 날’ 행사였다."
    assert speakers(text, "ko") == [("홍길동", "통일부 장관")] * 2
    assert said("그는 “인권의 날”을 기념했다.", "ko") == []


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("유엔보고관 “국경 지금도 닫혀 있어”", [("유엔보고관", "")]),
        ("北, 인권결의에 반발…“내정간섭 당장 그만 둬라”", [("北", "")]),
        ('홍길동 장관 "국경 지금도 닫혀 있어"', [("홍길동", "장관")]),
        ("3년 만에 열린 “국경 지금도 닫혀 있어” 전시", []),
        ('탈북민이 말하는 "국경 지금도 닫혀 있어"', [("탈북민", "")]),
        ("“국경 지금도 닫혀 있어”", [("", "")]),
    ],
)  # fmt: skip
def test_korean_headlines(title: str, found: list[tuple[str, str]]) -> None:
    assert speakers(title, "ko", "title") == found


@pytest.mark.parametrize(
    ("text", "who"),
    [
        ("山田花子外相は「全員の帰国を待つ」と述べた。", ("山田花子", "外相")),
        ("国連の山田特別報告者は会見で、「国境は閉ざされたままだ」と強調した。", ("山田", "特別報告者")),
        ("アンナ・ロッシ国連事務総長は「今も続いている」と語った。", ("アンナ・ロッシ", "国連事務総長")),
        ("「残された時間は少ない」と、家族会の田中代表は訴えた。", ("田中", "代表")),
        ("外務省は「遺憾である」と発表した。", ("外務省", "")),
        ("首相は「遺憾である」と述べた。", ("首相", "")),
        ("金正恩総書記は「遺憾である」と述べた。", ("金正恩", "総書記")),
        ("母親が「遺憾である」と述べた。", ("母親", "")),
        ("彼は「遺憾である」と述べた。", ("", "")),
        ("1978年に拉致された森文子さんの弟の武夫さん(81)は「姉に会いたい」と話した。", ("武夫", "")),
        ("パク・チョルスさん（52）は「息子を返してほしい」と語った。", ("パク・チョルス", "")),
        ("「もう待てない」。田中洋子さんは訴える。", ("田中洋子", "")),
        ("山田太郎・家族会代表は「遺憾である」と話した。", ("山田太郎", "家族会代表")),
        ("「遺憾である」と訴えるのは家族だ。", ("", "")),
        ("さんは「遺憾である」と述べた。", ("さん", "")),
        ("「遺憾である」と述べた。", ("", "")),
        ("前の段落。\n「わたしたちは今日もあの日のことを忘れずにここで待ち続けている」\n次の段落。", ("", "")),
    ],
)
def test_japanese_quotations(text: str, who: tuple[str, str]) -> None:
    assert speakers(text, "ja") == [who]


@pytest.mark.parametrize(
    ("title", "found"),
    [
        ("田中代表「残された時間は少ない」", [("田中", "代表")]),
        ("「残された時間は少ない」と田中代表", [("田中", "代表")]),
        ("展覧会「海の向こうの人々」開幕", []),
        ("田中代表「今だ」", []),
    ],
)
def test_japanese_headlines(title: str, found: list[tuple[str, str]]) -> None:
    assert speakers(title, "ja", "title") == found


def test_japanese_terms_in_marks_are_no_speech() -> None:
    assert said("「人権の日」を前に、「帰国事業」の集会が開かれた。", "ja") == []


def test_a_language_without_words_has_no_quotes() -> None:
    assert said("„Die Lager sind noch immer voll“, sagte Anna Roth.", "de") == []


def test_a_sentence_does_not_end_at_an_abbreviation_or_inside_a_quotation() -> None:
    text = "Dr. Roe of the U.S. office asked “Why?” and left. 「遠い。」と述べた。「近い。」 Then… nothing? Yes.\n\nNew"
    assert [text[a:b] for a, b in sentences(text)] == [
        "Dr. Roe of the U.S. office asked “Why?” and left.",
        "「遠い。」と述べた。",
        "「近い。」",
        "Then… nothing?",
        "Yes.",
        "New",
    ]
    assert sentences("") == sentences(" \n ") == []
    assert len(sentences("Version 1.5 is out")) == 1


@pytest.mark.parametrize(
    "text",
    ["a" * 1_000_000, "“" * 100_000, '"' * 100_001, "«a " * 100_000, "「" * 100_000, "‘a " * 100_000, ". " * 100_000,
     "A" * 40, "A" * 40 + " said “", "Kim " * 100_000 + "said “one two three four five”", "“one two three four” " * 20_000,
     "Kim, Lee, Park and Cho said “one two three four five” " * 20_000, "장관은 “하나 둘 셋 넷”이라고 말했다" * 20_000,
     "首相は「あいうえおかきくけ」と述べた" * 20_000, "\n" * 100_000],
)  # fmt: skip
@pytest.mark.parametrize("language", ["en", "fr", "ko", "ja"])
def test_a_hostile_text_costs_no_more_than_its_length(text: str, language: str) -> None:
    assert len(quotes({"text": text}, SPEECH, language)) <= MOST


PIECES = st.sampled_from(
    ["“", "”", '"', "«", "»", "「", "」", "『", "』", "‘", "’", "'", ",", ". ", ": ", "\n\n", " ", " said ", "Jane Roe", "she",
     "senior researcher", "at Example Watch", "The words of many people", "a déclaré ", "라고 말했다", "홍길동 장관은 ", "と述べた。",
     "首相は", "우리는 지금도 가족을 기다린다", "国境は閉ざされたまま", "그는 ", "\u00a0", "\U0001f600", "(45)", "北, ", "…"]
)  # fmt: skip


@given(
    st.lists(PIECES, max_size=40).map("".join),
    st.sampled_from(["en", "fr", "ko", "ja"]),
    st.sampled_from(["title", "text"]),
)
def test_the_phrase_is_always_what_stands_at_its_place(text: str, language: str, field: str) -> None:
    for phrase, *_ in said(text, language, field):
        assert phrase == phrase.strip() != ""
    for quotation in quotations(text):
        assert 0 < quotation.start <= quotation.end <= len(text)


def test_no_phrases_are_found_nowhere() -> None:
    assert re.search(alternation(()), "any text") is None


PHRASES = ["call", "call on", "call upon", "calls", "don't", "don’t", "U.S.", "U", "(a|b", "북한", "북"]


@given(st.lists(st.sampled_from(PHRASES)), st.sampled_from(PHRASES), st.booleans())
def test_a_phrase_is_found_whole_when_it_is_one_of_those_looked_for(phrases: list[str], text: str, whole: bool) -> None:
    pattern = re.compile(alternation(phrases, whole=whole))
    alike = {p.replace("’", "'") for p in phrases}
    assert (pattern.fullmatch(text) is not None) == (text.replace("’", "'") in alike)
    assert pattern.fullmatch("call  on") if "call on" in alike else not pattern.fullmatch("call  on")


def test_the_longest_phrase_is_found_first() -> None:
    assert re.findall(alternation(["call", "call on"]), "call on call upon calls") == ["call on", "call"]
    assert re.findall(alternation(["call", "call on"], whole=False), "call once") == ["call on"]
    assert re.fullmatch(alternation(["a" * 5_000, "b"]), "a" * 5_000)
