"""Who is asked to do what, and by when, in four languages; and what is no demand at all."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.catalogue.speech import load_speech
from nkwatch.domain.reading import Ask
from nkwatch.reading.asks import MOST, asks

SPEECH = load_speech()


def found(text: str, language: str = "en", title: str = "") -> tuple[Ask, ...]:
    """The asks of a statement; each stands where it says."""
    texts = {"title": title, "text": text}
    for ask in (here := asks(texts, SPEECH, language)):
        field = texts[ask.what.field]
        assert field[ask.what.start : ask.what.end] == ask.what.phrase
        assert ask.addressee in field
        assert ask.by in field
    return here


def asked(text: str, language: str = "en", title: str = "") -> list[tuple[str, str, str, str]]:
    """Addressee, country, demand, time."""
    return [(a.addressee, a.country, a.what.phrase, a.by) for a in found(text, language, title)]


@pytest.mark.parametrize(
    ("text", "ask"),
    [
        ("The Chinese government should halt all returns before the summit in Seoul.",
         ("The Chinese government", "CN", "halt all returns before the summit in Seoul", "before the summit in Seoul")),
        ("Beijing, which has signed the treaty, must immediately stop returns, Example Watch said today.",
         ("Beijing", "CN", "immediately stop returns", "immediately")),
        ("China, Russia and Laos should protect escapees.", ("China, Russia and Laos", "CN", "protect escapees", "")),
        ("Before the talks, Seoul should raise the abductions.", ("Seoul", "KR", "raise the abductions", "Before the talks")),
        ("Long before the talks, Seoul should raise the abductions.", ("Seoul", "KR", "raise the abductions", "")),
        ("China must “stop all returns”.", ("China", "CN", "stop all returns", "")),
        ("China must stop all returns, Example Watch said following its long visit to the border.",
         ("China", "CN", "stop all returns", "")),
        ("China must; act now.", ("China", "CN", "act now", "")),
        ("China, must stop.", ("China", "CN", "stop", "")),
        ("“China must stop “all of it now", ("China", "CN", "stop “all of it now", "")),
        ("China must “stop all of it now", ("China", "CN", "stop all of it now", "")),
        ("China must say “stop” by Friday", ("China", "CN", "say “stop” by Friday", "by Friday")),
        ("“China must say “stop”", ("China", "CN", "say “stop”", "")),
        ("In May, Seoul should raise the abductions.", ("Seoul", "KR", "raise the abductions", "")),
        ("President Han of Freedonia must free them.", ("President Han of Freedonia", "", "free them", "")),
        ("Kim Jong Un should open the camps to monitors.", ("Kim Jong Un", "KP", "open the camps to monitors", "")),
        ("The government of North Korea must disclose the list, who was held, and why.",
         ("The government of North Korea", "KP", "disclose the list", "")),
        ("UN Member States must “bring the case to court” now, the One Two Centre, the Three Four Group and Five Six said.",
         ("UN Member States", "", "“bring the case to court” now", "")),
        ("“The authorities in Pyongyang must close the camps,” said Jane Roe.",
         ("The authorities in Pyongyang", "KP", "close the camps", "")),
        ("“The Security Council must act”", ("The Security Council", "", "act", "")),
        ("The report says that the Security Council, not the Assembly, must vote by 3 May and not wait.",
         ("the Security Council", "", "vote by 3 May and not wait", "by 3 May")),
        ("China must bring them before a judge by Friday.", ("China", "CN", "bring them before a judge by Friday", "by Friday")),
        ("China must free them within two weeks.", ("China", "CN", "free them within two weeks", "within two weeks")),
        ("China must publish the list drawn up by officials.", ("China", "CN", "publish the list drawn up by officials", "")),
        ("Example Watch called on the Chinese government to release the seven women by 31 December.",
         ("the Chinese government", "CN", "release the seven women by 31 December", "by 31 December")),
        ("Example Watch urged all parents to keep the letters.", ("all parents", "", "keep the letters", "")),
        ("Example Watch urges Hanoi not to return them.", ("Hanoi", "VN", "not to return them", "")),
        ("The group asked Tokyo to publish the files within 30 days.",
         ("Tokyo", "JP", "publish the files within 30 days", "within 30 days")),
        ("The group demanded that Pyongyang release the pastor within two weeks.",
         ("Pyongyang", "KP", "release the pastor within two weeks", "within two weeks")),
        ("President Lee Jae-myung must urge China to stop returns.",
         ("President Lee Jae-myung", "KR", "urge China to stop returns", "")),
    ],
)  # fmt: skip
def test_a_demand_has_an_addressee_a_clause_and_perhaps_a_time(
    text: str, ask: tuple[str, str, str, str] | None
) -> None:
    assert asked(text) == ([ask] if ask else [])


@pytest.mark.parametrize(
    "text",
    [
        "Nobody should be detained, prosecuted or punished for leaving.",
        "Everyone must be free to leave.",
        "Human rights must take centre stage at the Security Council.",
        "The denial of rights in China and North Korea must end.",
        "The message to the North Korean authorities should arrive.",
        "It should not be surprising that China should know better.",
        "The government must have been told. China should be aware.",
        "This meeting should serve as a warning to the authorities.",
        "You should write to your senator. Readers should call us.",
        "Why China should care is unclear. He asked whether China must act.",
        "North Korean escapees should see it. China experts should speak.",
        "China should",
        "The group refused to call on China to stop. If we urge China to stop, it may.",
        "He urged her to leave. She asked friends to help.",
        "We call on you to sign. They called for the police.",
        "They urge the government to the last.",
        "She appealed to China to",
        "China, Japan, must",
        "Should it rain, the match is off.",
    ],
)
def test_a_norm_a_guess_or_advice_to_readers_is_no_demand(text: str) -> None:
    assert asked(text) == []


def test_demands_between_semicolons_share_their_addressee() -> None:
    text = "We urge the Security Council to refer the case; to impose sanctions within 30 days; and to meet; the UN has time."
    assert asked(text) == [
        ("the Security Council", "", "refer the case", ""),
        ("the Security Council", "", "impose sanctions within 30 days", "within 30 days"),
        ("the Security Council", "", "meet", ""),
    ]


def test_two_demands_in_one_sentence_are_two() -> None:
    assert asked("Seoul should open the files and Tokyo must answer the families.") == [
        ("Seoul", "KR", "open the files", ""),
        ("Tokyo", "JP", "answer the families", ""),
    ]
    assert asked("Seoul should open the files and must answer the families.") == [
        ("Seoul", "KR", "open the files", ""),
        ("Seoul", "KR", "answer the families", ""),
    ]
    assert asked("We urge all states to protest and call on China to stop.") == [
        ("all states", "", "protest", ""),
        ("China", "CN", "stop", ""),
    ]


def test_the_government_is_that_of_the_demand_before() -> None:
    text = "China must free them. The government should pay. Some government must speak. The government must pay."
    assert [a.country for a in found(text)] == ["CN", "CN", "", ""]
    assert [a.country for a in found("The government should pay.")] == [""]


def test_the_government_under_a_country_in_the_title_is_that_of_this_country() -> None:
    (ask,) = found("The government should:\n- Close the camps", title="DPR Korea")
    assert (ask.addressee, ask.country) == ("The government", "KP")


@pytest.mark.parametrize(
    ("text", "language", "ask"),
    [
        ("우리  정부는 송환을 중단해야 한다.", "ko", ("우리  정부", "KR", "송환을 중단해야 한다", "")),
        ("North\u00a0 Korea must free them.", "en", ("North\u00a0 Korea", "KP", "free them", "")),
    ],
)
def test_a_name_with_two_spaces_has_the_same_country(text: str, language: str, ask: tuple[str, str, str, str]) -> None:
    assert asked(text, language) == [ask]


def test_a_list_under_its_addressee() -> None:
    text = (
        "The North Korean authorities should:\n\n- Close all camps;\n- Allow visits by 1 May.\n\nThe group is old.\n"
        "Release of the list was late.\n\nWe call on Beijing to:\n• Stop returns\n\nRecommendations:\n1. Ratify the treaty\n"
        "And so:\nEnd the story\nShe must:\nClose the door"
    )
    assert asked(text) == [
        ("The North Korean authorities", "KP", "Close all camps", ""),
        ("The North Korean authorities", "KP", "Allow visits by 1 May", "by 1 May"),
        ("Beijing", "CN", "Stop returns", ""),
        ("", "", "Ratify the treaty", ""),
    ]


def test_a_recommendation_of_a_review_is_to_the_country_in_the_title() -> None:
    assert asked("Allow aid workers in; and ratify the treaty", title="DPR Korea") == [
        ("", "KP", "Allow aid workers in", ""),
        ("", "KP", "ratify the treaty", ""),
    ]
    assert asked("Continue to cooperate", title="Third cycle review: all states") == [
        ("", "", "Continue to cooperate", "")
    ]
    assert asked("Allow aid workers in", title="News of the day") == []
    assert asks({"text": "Allow aid workers in"}, SPEECH, "en") == asks({"title": "Allow aid in"}, SPEECH, "en") == ()


def test_a_headline_may_demand() -> None:
    (ask,) = found("", title="UN Human Rights Council Should Press for Accountability")
    assert (ask.what.field, ask.addressee, ask.country) == ("title", "UN Human Rights Council", "")


@pytest.mark.parametrize(
    ("text", "ask"),
    [
        ("La Chine doit cesser immédiatement les renvois avant le sommet.",
         ("La Chine", "CN", "cesser immédiatement les renvois avant le sommet", "avant le sommet")),
        ("Le gouvernement chinois devrait libérer les sept femmes.",
         ("Le gouvernement chinois", "CN", "libérer les sept femmes", "")),
        ("Le groupe appelle la Corée du Nord à fermer ses camps d’ici le 31 décembre.",
         ("la Corée du Nord", "KP", "fermer ses camps d’ici le 31 décembre", "d’ici le 31 décembre")),
        ("Il exhorte les autorités chinoises à ne pas renvoyer les réfugiés.",
         ("les autorités chinoises", "CN", "ne pas renvoyer les réfugiés", "")),
        ("Il demande à Pékin de publier la liste sans délai.", ("Pékin", "CN", "publier la liste sans délai", "sans délai")),
        ("Kim Jong-un devrait rencontrer le président. Nul ne doit être torturé.", None),
    ],
)  # fmt: skip
def test_french_demands(text: str, ask: tuple[str, str, str, str] | None) -> None:
    assert asked(text, "fr") == ([ask] if ask else [])


@pytest.mark.parametrize(
    ("text", "ask"),
    [
        ("중국 정부는 강제송환을 즉각 중단해야 한다.", ("중국 정부", "CN", "강제송환을 즉각 중단해야 한다", "즉각")),
        ("국제사회는 지금까지의 방식을 바꿔야 한다.", ("국제사회", "", "지금까지의 방식을 바꿔야 한다", "")),
        ("단체는 30일까지 유엔 안보리가 회의를 열어야 한다고 말했다.", ("유엔 안보리", "", "회의를 열어야 한다", "30일까지")),
        ("단체는 중국 정부에 정상회담 전에 7명을 석방할 것을 촉구했다.",
         ("중국 정부", "CN", "정상회담 전에 7명을 석방할 것", "정상회담 전에")),
        ("단체들은 북한에 억류자 석방을 거듭 요구했다.", ("북한", "KP", "억류자 석방", "")),
        ("단체들은 강제송환 중단을 중국에 촉구했다.", ("중국", "CN", "강제송환 중단", "")),
        ("강제송환 중단을 중국에 촉구했다.", ("중국", "CN", "강제송환 중단", "")),
        ("북한은 억류자를 석방하라.", ("북한", "KP", "억류자를 석방하라", "")),
        ("유엔에 “강제송환을 중단하라”고 외쳤다.", ("유엔", "", "강제송환을 중단하라", "")),
        ("“강제송환을 중단하라”고 외쳤다.", ("", "", "강제송환을 중단하라", "")),
        ("강제송환을 중단하라", ("", "", "강제송환을 중단하라", "")),
        ("누구도 고문을 받아서는 안 된다. 모두가 알아야 한다. 중국은 더 있어야 한다.", None),
        ("북한이 오늘 여성이 더 일해야 한다고 전했다. 이들의 송환을 요구했다. 북한에 요구했다.", None),
        ("북한에 석방을 요구했으나 거부당했다. 하라.", ("북한", "KP", "석방", "")),
        ("북한의 거부 요구했다. 북한에 것을 촉구했다.", None),
    ],
)  # fmt: skip
def test_korean_demands(text: str, ask: tuple[str, str, str, str] | None) -> None:
    assert asked(text, "ko") == ([ask] if ask else [])


@pytest.mark.parametrize(
    ("text", "ask"),
    [
        ("中国政府は強制送還を直ちに停止すべきだ。", ("中国政府", "CN", "強制送還を直ちに停止すべきだ", "直ちに")),
        ("団体は中国政府に送還の停止を強く求めた。", ("中国政府", "CN", "送還の停止", "")),
        ("家族会は日本政府に対し、年内に会談を実現するよう求めた。",
         ("日本政府", "JP", "年内に会談を実現するよう", "年内に")),
        ("北朝鮮は12月末までに全員を帰国させなければならない。",
         ("北朝鮮", "KP", "12月末までに全員を帰国させなければならない", "12月末までに")),
        ("送還を続ける中国政府は送還をやめるべきだ。", ("中国政府", "CN", "送還をやめるべきだ", "")),
        ("国連総会は北朝鮮に対し、侵害をやめるよう求めた。", ("北朝鮮", "KP", "侵害をやめるよう", "")),
        ("「全員を今すぐ返せ」と叫んだ。", ("", "", "全員を今すぐ返せ", "今すぐ")),
        ("誰も拷問されるべきではない。国際社会は知るべきだ。", None),
    ],
)  # fmt: skip
def test_japanese_demands(text: str, ask: tuple[str, str, str, str] | None) -> None:
    assert asked(text, "ja") == ([ask] if ask else [])


def test_a_language_without_words_has_no_asks() -> None:
    assert asked("China soll die Frauen sofort freilassen.", "de") == []


@pytest.mark.parametrize(
    "text",
    ["a" * 1_000_000, "should " * 100_000, "China should " * 50_000, "urge China to " * 50_000, "A" * 40, "“" * 100_000,
     "China must act, " * 50_000, "China and " * 50_000 + "should stop", "China should stop" + ", Kim said Lee" * 50_000,
     "China should a; b; " * 50_000, "China should stop " + "before " * 100_000, "China should:\n" * 20_000,
     "China should:\n" + "- Close it\n" * 50_000, "중국에 중단을 촉구했다 " * 50_000, "중국은 해야 한다 " * 50_000,
     "中国は" * 50_000 + "べきだ" * 50_000, "까지 " * 50_000, "the " * 100_000 + "government should act", "." * 100_000],
)  # fmt: skip
@pytest.mark.parametrize("language", ["en", "fr", "ko", "ja"])
def test_a_hostile_text_costs_no_more_than_its_length(text: str, language: str) -> None:
    assert len(asks({"title": text[:1_000], "text": text}, SPEECH, language)) <= MOST


PIECES = st.sampled_from(
    ["China ", "the North Korean authorities ", "should ", "must ", "release them ", "called on ", "urged ", "to ", "before the summit",
     ", ", "; ", ". ", ":\n", "\n- Close ", "“", "”", '"', " and ", "that ", "not ", "by 3 May", "said ", "immediately ", "DPR Korea",
     "중국 정부", "는 ", "에 ", "송환을 ", "중단해야 한다", "촉구했다", "중단하라", "즉각 ", "까지 ", "中国政府", "は", "に", "送還を", "停止", "べきだ",
     "求めた", "直ちに", "。", "La Chine ", "doit ", "cesser ", "appelle ", "à ", "l’", "\u00a0", "\U0001f600"]
)  # fmt: skip


@given(
    st.lists(PIECES, max_size=40).map("".join),
    st.sampled_from(["en", "fr", "ko", "ja"]),
    st.sampled_from(["", "DPR Korea"]),
)
def test_the_phrase_is_always_what_stands_at_its_place(text: str, language: str, title: str) -> None:
    for ask in found(text, language, title):
        assert ask.what.phrase == ask.what.phrase.strip() != ""


@pytest.mark.parametrize(
    ("language", "text", "what", "addressee"),
    [
        ("en", "The prisoners must be released by the authorities.", "prisoners must be released by the authorities", "the authorities"),
        ("en", "Members of the Security Council must meet.", "meet", "Members of the Security Council"),
        ("en", "All states should stop returning them.", "stop returning them", "All states"),
        ("en", "The authorities need to disclose it.", "disclose it", "The authorities"),
        ("fr", "La Chine doit les libérer.", "les libérer", "La Chine"),
        ("fr", "Le Conseil de sécurité doit agir.", "agir", "Le Conseil de sécurité"),
        ("fr", "Les détenus doivent être libérés par la Chine.", "détenus doivent être libérés par la Chine", "la Chine"),
        ("ko", "북송 중단하라…국회 앞 시위", "북송 중단하라", ""),
        ("ja", "すべての国は送還を止めなければならない。", "送還を止めなければならない", "すべての国"),
        ("ja", "北朝鮮は収容所を閉鎖せよ、と結んだ。", "収容所を閉鎖せよ", "北朝鮮"),
    ],
)  # fmt: skip
def test_who_is_asked_in_other_words(language: str, text: str, what: str, addressee: str) -> None:
    (ask,) = found(text, language)
    assert what in ask.what.phrase
    assert ask.addressee == addressee


@pytest.mark.parametrize("text", ["The prisoners must be released by Friday.", "It must be said by somebody."])
def test_what_must_be_done_by_nobody_known_is_no_demand(text: str) -> None:
    assert found(text) == ()


def test_the_countries_of_which_something_is_found_to_be_asked_are_those_of_the_addressees() -> None:
    assert {"CN", "KR"} <= SPEECH.addressed
    assert "" not in SPEECH.addressed
