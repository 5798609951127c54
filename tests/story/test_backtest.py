"""An archive of three weeks that we wrote, run through the whole service on a simulated clock, by command."""

import gzip
import json
from datetime import UTC, datetime, timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from tests.story.commands import done, invoke

from nkwatch.backtest import Backtested, Span, Week, changes, known_sources, read_archive, shown_by
from nkwatch.catalogue.rules import load_rules
from nkwatch.cli.backtesting import show
from nkwatch.domain.source import Role, Scope

#: A Monday. All organisations, persons and events below are invented.
BEGIN = datetime(2026, 3, 2, 9, tzinfo=UTC)
COURIER, WIRE = "https://courier.example/feed", "https://wire.example/feed"
BORDER, STATE, SEOUL = "https://border.example/feed", "https://kcnawatch.org/feed/", "archive:kr/seoul"
PUBLISHERS = {
    COURIER: "The Wendlebury Courier",
    WIRE: "Valley Wire",
    BORDER: "Reedbank Border Watch",
    STATE: "KCNA Watch",
    SEOUL: "누리가람일보 (북한)",
}
LANGUAGES = {SEOUL: "ko"}
MORE = {BORDER: {"role": "statement", "scope": "nk-only"}}

#: Feed, hours after the beginning, title, summary with mark-up.
NEWS = [
    # first week: two papers report the same forced return, a rights group speaks of a camp
    (COURIER, 5, "China forcibly returns 14 North Korean refugees from Tumen, rights group says",
     "<p>Fourteen North Korean refugees were <b>forcibly repatriated</b> from Tumen this morning, a rights group said.</p>"),
    (WIRE, 8, "Rights group: 14 North Korean refugees forcibly returned by China from Tumen",
     "<p>China forcibly returned fourteen North Korean refugees from Tumen on Monday, a rights group says.</p>"),
    (BORDER, 30, "Prisoners in North Korean camp 12 go hungry, survey of former inmates finds",
     "<p>Former prisoners of a North Korean political prison camp tell of hunger and torture.</p>"),
    (STATE, 40, "Youth league members of Pyongyang tend flower beds", "<p>Flower beds bloom.</p>"),
    (SEOUL, 50, "북한 정치범수용소 수감자 가족, 생사 확인 촉구", "<p>북한 정치범수용소에 갇힌 이들의 가족이 생사 확인을 촉구했다.</p>"),
    # second week: a statement of a primary source on people in danger now, and families of abductees
    (BORDER, 180, "URGENT: nine North Korean escapees arrested in Yanji face imminent forced return",
     "<p>Nine North Korean refugees were arrested in Yanji yesterday and face imminent forced repatriation.</p>"),
    (COURIER, 200, "Families of abductees ask North Korea for news of their parents",
     "<p>Families of people abducted by North Korea ask for answers after decades.</p>"),
    (WIRE, 205, "UN expert: women in North Korea bear the brunt of market raids",
     "<p>Women traders in North Korea are detained and beaten, a UN human rights expert said.</p>"),
    # third week
    (COURIER, 360, "North Korea closes church group's school, defectors say",
     "<p>North Korean believers were punished for praying in secret, defectors say.</p>"),
    (WIRE, 400, "North Korean workers abroad lose passports and wages, survey says",
     "<p>Forced labour of North Korean workers abroad: passports taken, wages withheld.</p>"),
]  # fmt: skip
OTHER = [
    "Village fair draws record crowd", "Bus line nine moves its stop", "Harbour ferry gets a new bell",
    "Library opens on Sundays", "Council paints the old bridge", "Bakers compare their rye bread",
    "School choir sings at the market", "Rain delays the rowing race", "Museum shows antique clocks",
    "New path along the mill stream", "Chess club beats its neighbours", "Orchard sells early cherries",
    "Fog closes the small airfield", "Theatre finds its lost curtain", "Postwoman retires after forty years",
    "Lake is warm enough to swim", "Baker's dog comes home", "Town clock is right again",
    "Cyclists ask for more racks", "Night train returns in autumn", "Gardeners count their bees",
    "Ice rink opens for a month", "Tailor mends the town flag", "Pupils plant a hundred oaks",
    "Cinema shows silent films", "Fishermen tell of a quiet season", "Town hall repairs its roof",
    "Mayor thanks the fire brigade", "Old mill turns once more", "Swimmers cross the bay",
]  # fmt: skip


def line(of: str, hours: float, title: str, summary: str, **fields) -> dict:
    published = (BEGIN + timedelta(hours=hours)).isoformat()
    host = of.split("/")[2] if "://" in of else "seoul.example"
    known = {
        "feed": of,
        "publisher": PUBLISHERS[of],
        "guid": None,
        "url": f"https://{host}/{hours:g}",
        **MORE.get(of, {}),
    }
    said = {"title": title, "summary": summary, "published": published, "lang": LANGUAGES.get(of, "en")}
    return known | said | fields


def archive() -> list[dict]:
    noise = [line((COURIER, WIRE)[n % 2], 3 + 16 * n, t, f"<p>{t}.</p>") for n, t in enumerate(OTHER)]
    return sorted((*noise, *(line(*one) for one in NEWS)), key=lambda one: one["published"])


def write(path: Path, lines=None) -> Path:
    text = "".join(json.dumps(one, ensure_ascii=False) + "\n" for one in (archive() if lines is None else lines))
    path.write_bytes(gzip.compress(text.encode()) if path.suffix == ".gz" else text.encode())
    return path


def run(*arguments) -> dict:
    code, told, said = invoke("backtest", *map(str, arguments), "--json")
    assert code == 0, said
    return json.loads(told)


def stories(answer) -> list[dict]:
    return [s for week in answer["weeks"] for s in week["digest"]["stories"]]


def alerts(answer) -> list[dict]:
    return [a for week in answer["weeks"] for a in week["alerts"]]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("backtest")


def backtested(place):
    answer = run(write(place / "archive.jsonl"), "--out", place / "pages")
    (place / "answer.json").write_text(json.dumps(answer))


@pytest.fixture(scope="module")
def answer(once, folder):
    place = once("backtested", backtested)
    (folder / "pages").symlink_to(place / "pages")
    return json.loads((place / "answer.json").read_text())


@pytest.fixture(scope="module")
def second_week(folder):
    """The days of the second week alone."""
    return (write(folder / "archive.jsonl"), "--from", "2026-03-09", "--to", "2026-03-15")


def test_each_week_says_how_many_entries_there_were_and_how_many_on_north_korea(answer):
    weeks = [(w["week"], w["entries"], w["about_nk"], len(w["digest"]["stories"])) for w in answer["weeks"]]
    assert weeks == [("2026-W10", 16, 5, 4), ("2026-W11", 13, 3, 3), ("2026-W12", 11, 2, 2)]
    assert sum(w["entries"] for w in answer["weeks"]) == len(archive())


def test_no_story_is_told_twice_and_no_digest_is_empty(answer, folder):
    ids = [s["id"] for s in stories(answer)]
    reports = [r["id"] for s in stories(answer) for r in s["reports"]]
    assert len(ids) == len(set(ids))
    assert len(reports) == len(set(reports))
    for week in answer["weeks"]:
        mailed = (folder / "pages" / f"{week['week']}-digest.html").exists()
        assert mailed == bool(week["digest"]["stories"])


def test_two_papers_that_report_the_same_make_one_story_with_both(answer):
    first = answer["weeks"][0]["digest"]["stories"][0]
    assert [r["publisher"] for r in first["reports"]] == [PUBLISHERS[COURIER], PUBLISHERS[WIRE]]
    assert (first["section"], first["urgency"], first["why"]) == ("lead", "urgent", ["any"])
    assert "<" not in first["title"]


def test_every_alert_is_new_and_says_why_it_is_held(answer):
    raised = alerts(answer)
    assert [a["publisher"] for a in raised] == [PUBLISHERS[COURIER], PUBLISHERS[BORDER]]
    assert {a["state"] for a in raised} == {"held"}
    assert all("may not raise alerts without an editor" in a["why"] for a in raised)
    assert raised[1]["fact"].startswith("Forced return: 9 people, Yanji (China). Reedbank Border Watch")
    for alert in raised:
        age = datetime.fromisoformat(alert["at"]) - datetime.fromisoformat(alert["published"])
        assert timedelta(0) <= age <= timedelta(hours=72)


def test_the_first_entry_of_a_source_is_news_and_no_old_stock(answer):
    """A source that was only asked from its first entry on would bring its first texts as backlog."""
    assert stories(answer)[0]["published"] == "2026-03-02T14:00:00Z"
    assert "much else" not in alerts(answer)[0]["why"]


def test_the_same_archive_packed_and_in_another_order_gives_the_same_bytes(answer, folder):
    packed = write(folder / "shuffled.jsonl.gz", sorted(archive(), key=lambda one: one["title"]))
    assert run(packed, "--out", folder / "again") == answer
    pages, again = ({p.name: p.read_bytes() for p in (folder / n).iterdir()} for n in ("pages", "again"))
    assert pages == again


class Page(HTMLParser):
    """The addresses and tags of a page."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.hrefs = set(), []
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.hrefs += [value for name, value in attributes if name in {"href", "src"}]


def test_the_pages_can_be_browsed_without_a_server_or_a_script(answer, folder):
    pages = folder / "pages"
    written = {p.name for p in pages.iterdir()}
    linked = set()
    for name in ("index.html", *(f"{w['week']}.html" for w in answer["weeks"])):
        page = Page((pages / name).read_text())
        assert "script" not in page.tags
        linked |= {href.partition("#")[0] for href in page.hrefs if "://" not in href}
    assert linked - {""} == written - {"index.html"} | {"index.html"}
    week = (pages / "2026-W11.html").read_text()
    assert "border-example-feed may not raise alerts without an editor" in week
    assert "URGENT: nine North Korean escapees" in (pages / "2026-W11-alert-1.txt").read_text()


def test_what_stands_in_an_archive_stands_in_the_pages_as_text(folder):
    bad = line(
        COURIER, 5, "North Korea: &lt;script&gt;alert(1)&lt;/script&gt; prisoners starve in camp", "<p>Torture.</p>"
    )
    bad["url"] = "javascript:alert(1)"
    run(write(folder / "bad.jsonl", [bad]), "--out", folder / "bad")
    for path in (folder / "bad").glob("*.html"):
        page = Page(path.read_text())
        assert "script" not in page.tags
        assert not [href for href in page.hrefs if href.startswith("javascript")]


def test_held_alerts_can_be_released_as_if_an_editor_had_been_there(second_week):
    found = run(*second_week, "--release")
    (alert,) = alerts(found)
    assert alert["state"] == "released"
    assert alert["why"].endswith("released as if by an editor")
    sections = {s["id"]: s["section"] for s in stories(found)}
    assert sections[alert["story"]] == "alerted"
    assert sorted(sections.values()) == ["alerted", "lead", "lead"]


def test_much_that_is_new_at_once_raises_no_alert_by_itself(installation, folder):
    """So a redesign or a first ingest looks, also to a source that is trusted."""
    urgent = [
        line(BORDER, 20 + n / 60, f"URGENT: {n} North Korean escapees arrested in Yanji face forced return", "")
        for n in range(40, 90)
    ]
    quiet = line(BORDER, 0, "North Korean camp survivors meet", "")
    installation.write(port=2, more=OWN)
    path = write(folder / "burst.jsonl", [quiet, *urgent])
    code, told, _ = invoke("--config", str(installation.settings), "backtest", str(path), "--settings", "--json")
    raised = alerts(json.loads(told))
    assert code == 0
    assert raised
    assert {a["state"] for a in raised} == {"held"}
    assert all("among much else that was new" in a["why"] for a in raised)


def test_an_update_says_what_it_changes(folder):
    first = line(COURIER, 0, "North Korean refugees arrested in Yanji, rights group says", "<p>They were arrested.</p>")
    told = "North Korean refugees arrested in Yanji, rights group says: 31 people face forced return"
    later = line(WIRE, 9, told, "<p>31 North Korean refugees were arrested in Yanji and face forced return.</p>")
    found = alerts(run(write(folder / "update.jsonl", [first, later]), "--release"))
    assert [(a["update"], a["state"]) for a in found] == [(False, "released"), (True, "released")]
    assert "people: 31" in found[1]["changes"]
    assert found[1]["fact"].startswith("UPDATE: ")


OWN = """
[alerts]
trusted = ["border-watch"]
[[source]]
id = "border-watch"
url = "https://border.example/feed"
publisher = "Border Watch, as we call it"
role = "statement"
scope = "nk-only"
"""


async def test_with_the_operators_settings_a_trusted_source_raises_its_alert_by_itself(installation, second_week):
    installation.write(port=2, more=OWN)
    found = json.loads(await done(installation, "backtest", *map(str, second_week), "--settings", "--json"))
    (alert,) = alerts(found)
    assert (alert["state"], alert["publisher"]) == ("released", "Border Watch, as we call it")
    assert alert["why"] == "border-watch is a primary source that may raise alerts"


async def test_settings_that_are_not_there_are_told(installation, second_week):
    installation.write(port=2)
    installation.settings.unlink()
    code, told, said = invoke("--config", str(installation.settings), "backtest", *map(str, second_week), "--settings")
    assert (code, told) == (2, "")
    assert "no such file" in said


def test_a_readers_own_choice_decides_what_the_digests_hold(second_week, folder):
    chosen = folder / "choice.json"
    chosen.write_text(json.dumps({"email": "a@b.example", "rhythm": "monthly", "wishes": [{"themes": ["abductions"]}]}))
    code, told, said = invoke("backtest", *map(str, second_week), "--choice", str(chosen), "--json")
    assert code == 0
    assert "weekly here" in said
    (story,) = stories(json.loads(told))
    assert (story["themes"][0], story["why"]) == ("abductions", ["theme: abductions"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "no JSON"),
        ("[]", "no JSON object"),
        ('{"wishes": [{"themes": ["gardening"]}]}', "no theme named gardening"),
    ],
)
def test_a_choice_that_is_wrong_is_told_with_its_problem(second_week, folder, text, said):
    (folder / "wrong.json").write_text(text)
    code, told, told_too = invoke("backtest", *map(str, second_week), "--choice", str(folder / "wrong.json"))
    assert (code, told) == (2, "")
    assert said in told_too


def test_what_changed_since_an_earlier_run_is_told_by_week(answer, folder):
    before = json.loads(json.dumps(answer))
    week = before["weeks"][1]
    gone = week["digest"]["stories"].pop()
    week["alerts"][0] |= {"state": "released"}
    before["weeks"][2]["digest"]["stories"][0]["id"] = "another-name"
    before["weeks"][2]["alerts"].append(dict(week["alerts"][0], reports=[{"id": "elsewhere"}]))
    found = changes(answer, before)
    assert [w["week"] for w in found["weeks"]] == ["2026-W11", "2026-W12"]
    gained, lost = found["weeks"]
    assert [s["id"] for s in gained["stories_gained"]] == [gone["id"]]
    assert [(a["state_before"], a["state"]) for a in gained["alerts_changed"]] == [("released", "held")]
    assert not gained["stories_lost"]
    assert not lost["stories_lost"]
    assert len(lost["alerts_lost"]) == 1
    assert not changes(answer, answer)["weeks"]


def test_changes_come_with_the_answer(second_week, answer, folder):
    (folder / "before.json").write_text(json.dumps(answer))
    found = run(*second_week, "--compare", folder / "before.json")
    lost = {w["week"]: [s["title"] for s in w["stories_lost"]] for w in found["changes"]["weeks"]}
    assert set(lost) == {"2026-W10", "2026-W12"}
    assert len(lost["2026-W10"]) == 4


def test_what_cannot_be_compared_is_told(second_week, folder):
    (folder / "other.json").write_text('{"weeks": [3]}')
    code, told, said = invoke("backtest", *map(str, second_week), "--compare", str(folder / "other.json"))
    assert (code, told) == (2, "")
    assert "no answer of" in said


def test_people_get_a_table(capsys):
    found = Backtested((Week("2026-W10", entries=16, about_nk=5), Week("2026-W11", entries=13)), "rules")
    row = {"id": "a", "title": "A family is missing", "publisher": "Valley Wire", "published": "2026-03-03"}
    show(found, {"weeks": [{"week": "2026-W10", "stories_gained": [row], "stories_lost": []}]})
    told = [" ".join(said.split()) for said in capsys.readouterr().out.splitlines()]
    assert told == [
        "week entries on North Korea stories released held",
        *("2026-W10 16 5 0 0 0", "2026-W11 13 0 0 0 0"),
        "2026-W10, stories gained: A family is missing (Valley Wire)",
    ]


def read(folder, text, **span):
    path, told = folder / "lines.jsonl", []
    path.write_text(text)
    now = datetime(2026, 11, 22, tzinfo=UTC)
    return read_archive([path], Span(**span), now, told.append), told


def test_lines_that_are_no_entries_are_left_out_and_told(folder):
    good = json.dumps(line(COURIER, 3, "Village fair", "A fair."))
    cases = {
        "{": "no JSON",
        "[" * 5_000: "no JSON",
        "[1]": "Input should be",
        json.dumps({"title": "A", "published": "yesterday"}): "no date can be read in 'yesterday'",
        json.dumps({"title": "A"}): "it has no date",
        json.dumps({"title": "A", "published": "2031-01-01"}): "its date cannot be right: 2031-01-01",
        json.dumps({"published": "2026-03-03"}): "it has neither title nor address",
        json.dumps({"title": ["A"], "published": "2026-03-03"}): "title: Input should be",
        json.dumps({"title": "A", "published": "2026-03-03", "role": "king"}): "role: Input should be",
    }
    found, told = read(folder, "\n".join([good, "", *cases, good]))
    assert (found.entries, found.left_out) == (2, len(cases))
    for said, (number, expected) in zip(told, enumerate(cases.values(), 3), strict=True):
        assert f"line {number}: left out: " in said
        assert expected in said


def test_many_lines_that_are_left_out_are_told_in_one(folder):
    _, told = read(folder, "{\n" * 25)
    assert len(told) == 11
    assert told[-1] == "15 more lines are left out"


def test_only_the_days_asked_for_are_read(folder):
    text = "".join(json.dumps(one) + "\n" for one in archive())
    found, _ = read(folder, text, since=(BEGIN + timedelta(days=1)).date(), until=(BEGIN + timedelta(days=2)).date())
    days = {e.published.date().isoformat() for feed in found.feeds for e in feed.entries}
    assert days == {"2026-03-03", "2026-03-04"}


def test_an_archive_without_any_entry_ends_the_command(folder):
    path = folder / "empty.jsonl"
    path.write_text("")
    code, told, said = invoke("backtest", str(path))
    assert (code, told) == (1, "")
    assert "no entry to replay" in " ".join(said.split())


@pytest.mark.parametrize("content", [None, gzip.compress(b"{}\n" * 1000)[:30]], ids=["missing", "cut off"])
def test_a_file_that_cannot_be_read_is_told(folder, content):
    path = folder / "broken.jsonl.gz"
    path.unlink(missing_ok=True)
    if content:
        path.write_bytes(content)
    code, told, said = invoke("backtest", str(path))
    assert (code, told) == (2, "")
    assert "cannot be read" in " ".join(said.split())


def sources(folder, *lines):
    found, _ = read(folder, "".join(json.dumps(one) + "\n" for one in lines))
    return {one.feed.address: one.source for one in shown_by(found, known_sources(None), load_rules().lexicon)}


def test_a_feed_that_the_catalogue_knows_is_its_source(folder):
    source = sources(folder, line(STATE, 1, "Flowers", "Flowers bloom."))[STATE]
    assert (source.id, source.role, source.scope, source.enabled) == (
        *("kcna-watch", Role.STATE_MEDIA, Scope.NK_ONLY),
        True,
    )


def test_another_feed_of_a_known_publisher_has_its_owner_and_is_on_all_topics(folder):
    other = line(COURIER, 1, "Fair", "A fair.", feed="https://other.example/world", publisher="The Guardian")
    source = sources(folder, other)["https://other.example/world"]
    assert (source.id, source.owner, source.scope) == ("other-example-world", "The Guardian", Scope.ALL_TOPIC)


def test_a_feed_is_known_by_the_host_of_its_entries(folder):
    one = line(COURIER, 1, "Fair", "A fair.", feed="archive:yna", publisher="YNA", url="https://www.yna.co.kr/view/1")
    state = dict(one, feed="archive:kcna", publisher="Watch", url="https://kcnawatch.org/2")
    found = sources(folder, one, state)
    assert (found["archive:yna"].owner, found["archive:yna"].scope) == ("Yonhap News Agency", Scope.ALL_TOPIC)
    assert found["archive:yna"].url.startswith("https://archive.invalid/")
    assert (found["archive:kcna"].role, found["archive:kcna"].scope) == (Role.STATE_MEDIA, Scope.NK_ONLY)


def test_a_feed_that_bears_north_korea_in_its_name_is_on_nothing_else(folder):
    found = sources(folder, line(SEOUL, 1, "꽃", "꽃이 피었다."), line(BORDER, 2, "Flowers", "", role="reprint"))
    assert (found[SEOUL].scope, found[SEOUL].languages) == (Scope.NK_ONLY, ("ko",))
    assert (found[BORDER].role, found[BORDER].scope) == (Role.REPRINT, Scope.NK_ONLY)


def test_feeds_with_names_that_look_alike_are_two_sources(folder):
    names = ["https://courier.example/feed", "http://courier.example/feed/", "http://www.courier.example/feed"]
    found = sources(folder, *(line(COURIER, n, "Fair", "A fair.", feed=name) for n, name in enumerate(names)))
    assert len({source.id for source in found.values()}) == 3
