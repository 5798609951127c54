"""Sources as an operator keeps them: looked at, tried, added, switched and exchanged from the command line."""

import asyncio
import json
import os
import pty
import re
import sys
import tomllib
from email.utils import format_datetime

import pytest
from tests.edges.site import Reply, Site, feed, refusal
from tests.story.commands import answered, invoke, run

from nkwatch.assembly import utc_now

COMMANDS = ("list", "show", "check", "add", "remove", "enable", "disable", "import", "export")


@pytest.fixture
async def site():
    async with Site() as running:
        yield running


def rss(place: str, *titles: str, path: str = "") -> Reply:
    today = format_datetime(utc_now())
    items = "".join(
        f"<item><title>{t}</title><link>http://{place}/{path}{n}</link><pubDate>{today}</pubDate></item>"
        for n, t in enumerate(titles)
    )
    return feed(f'<rss version="2.0"><channel><title>x</title>{items}</channel></rss>'.encode())


def page(body: str, head: str = "") -> Reply:
    text = f'<html lang="en"><head><title>Home</title><meta property="og:site_name" content="Families">{head}</head><body>{body}</body></html>'
    return Reply(text.encode(), headers={"Content-Type": "text/html"})


def listing() -> str:
    rows = "".join(
        f'<li class="news-item"><a href="/n/{n}">A statement of the families number {n}</a> <span class="day">2026-11-{n + 10}</span></li>'
        for n in range(6)
    )
    return f'<ul class="news">{rows}</ul>'


def own(source_id: str, url: str, more: str = "") -> str:
    return f'\n[[source]]\nid = "{source_id}"\nurl = "{url}"\npublisher = "Own"\n{more}'


def source_tables(installation) -> dict[str, dict]:
    return {s["id"]: s for s in tomllib.loads(installation.settings.read_text()).get("source", ())}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command):
    code, told, _ = invoke("sources", command, "--help")
    assert code == 0
    assert f"Example: nkwatch sources {command}" in " ".join(told.split())


async def test_the_list_shows_what_is_on_and_with_all_the_whole_catalogue(installation, site):
    url = site.serve("/feed", rss(site.place, "One", "Two"))
    broken = site.serve("/broken", refusal(500))
    more = own("good", url) + own("bad", broken) + own("off", url, "enabled = false\n")
    installation.write(port=2, allow=site.place, more=more)
    await run(installation, "poll", "good", "bad")
    _, told, _ = await run(installation, "sources", "list", "--health", "--json")
    rows = [json.loads(line) for line in told.splitlines()]
    assert rows[0]["id"] == "bad"
    assert "trouble of its own" in rows[0]["trouble"]
    shown = {r["id"]: r for r in rows}
    assert "off" not in shown
    assert (shown["good"]["health"], shown["good"]["kind"], shown["good"]["trouble"]) == ("ok", "feed", "")
    assert shown["good"]["last new"]
    _, told, _ = await run(installation, "sources", "list", "--all", "--json")
    every = {r["id"]: r for r in map(json.loads, told.splitlines())}
    assert len(every) > 80
    assert (every["off"]["on"], every["off"]["health"]) == ("no", "")


async def test_show_tells_the_state_in_sentences_and_near_ids_for_a_wrong_one(installation, site):
    installation.write(port=2, allow=site.place, more=own("border", site.serve("/f", refusal(404))))
    code, _, said = await run(installation, "sources", "show", "bordr")
    assert code == 2
    assert "did you mean border" in said
    assert "It has not been polled yet." in (await answered(installation, "sources", "show", "border"))["state"]
    await run(installation, "poll", "border")
    told = await answered(installation, "sources", "show", "border")
    assert any("failed 1 times in a row" in s and "(404)" in s for s in told["state"])
    assert any("No poll has worked." in s for s in told["state"])


async def test_check_shows_what_comes_and_stores_nothing(installation, site):
    url = site.serve("/f", rss(site.place, "Eins", "Zwei"))
    listed = own(
        "page",
        site.serve("/news", page(listing())),
        'kind = "page"\n[source.options]\nitem = "li"\ntitle = "a"\nlink = "a"\ndate = ".day"\n',
    )
    installation.write(port=2, allow=site.place, more=own("off", url, "enabled = false\n") + listed)
    code, told, said = await run(installation, "sources", "check", "off", "page", "--json")
    assert code == 0
    assert "2 checked, 0 failed" in said
    off, paged = map(json.loads, told.splitlines())
    assert (off["entries"], off["health"]) == (2, "ok")
    assert off["samples"][0]["title"] == "Eins"
    assert paged["caught"] == {"title": 6, "link": 6, "date": 6, "teaser": 0}
    async with installation.open() as newsroom:
        assert await newsroom.statements.states() == []
        assert await newsroom.statements.unread(10, utc_now()) == []


async def test_check_exits_with_1_when_one_source_fails_and_tells_why(installation, site):
    more = own("good", site.serve("/f", rss(site.place, "Eins"))) + own("gone", site.serve("/g", refusal(410)))
    installation.write(port=2, allow=site.place, more=more)
    code, told, said = await run(installation, "sources", "check", "good", "gone")
    assert code == 1
    assert "good: ok, 1 entries" in told
    assert "gone: gone: " in told
    assert "2 checked, 1 failed" in said


async def test_check_reads_sources_from_a_file_without_settings_for_them(installation, site):
    installation.write(port=2, allow=site.place)
    tables, list_ = installation.folder / "more.toml", installation.folder / "more.opml"
    url = site.serve("/f", rss(site.place, "Eins"))
    tables.write_text(own("new", url))
    list_.write_text(f'<opml version="2.0"><body><outline text="t" xmlUrl="{url}"/></body></opml>')
    for file in (tables, list_):
        code, told, _ = await run(installation, "sources", "check", "--file", str(file), "--json")
        assert (code, json.loads(told)["entries"]) == (0, 1)
    tables.write_text("source = 7")
    code, _, said = await run(installation, "sources", "check", "--file", str(tables))
    assert code == 2
    assert "no [[source]] tables" in said


async def test_a_feed_that_the_page_names_is_added_polled_and_taken_out_again(installation, site):
    named = '<link rel="alternate" type="application/rss+xml" href="/news.rss">'
    home = site.serve("/", page("Welcome", named))
    site.serve("/news.rss", rss(site.place, "Prison camps in North Korea", "A visit"))
    installation.write(port=2, allow=site.place, more="\n# the end\n")
    before = installation.settings.read_text()
    told = await answered(installation, "sources", "add", home)
    assert (told["added"], told["choices"][0]["about_nk"]) == ("127-0-0-1", 1)
    added = source_tables(installation)["127-0-0-1"]
    assert added["url"].endswith("/news.rss")
    assert (added["publisher"], added["languages"], added["domains"]) == ("Families", ["en"], ["127.0.0.1"])
    assert installation.settings.read_text().startswith(before)
    assert (await answered(installation, "poll", "127-0-0-1"))["new"] == 2
    code, _, said = await run(installation, "sources", "add", home)
    assert code == 2
    assert "the source '127-0-0-1' already" in said
    await answered(installation, "sources", "remove", "127-0-0-1")
    assert installation.settings.read_text().rstrip() == before.rstrip()


async def test_of_several_feeds_the_one_on_north_korea_comes_first_and_is_taken_with_yes_only(installation, site):
    head = "".join(
        f'<link rel="alternate" type="application/rss+xml" title="{t}" href="{h}">'
        for t, h in [("Comments", "/comments/feed/"), ("All", "/all"), ("Korea", "/korea"), ("Dead", "/dead")]
    )
    home = site.serve("/", page("", head))
    site.serve("/all", rss(site.place, *(f"Trade talks {n}" for n in range(9))))
    site.serve("/korea", rss(site.place, "Forced returns to North Korea", "Camps in North Korea"))
    site.serve("/comments/feed/", rss(site.place, "North Korea", "North Korea again"))
    installation.write(port=2, allow=site.place)
    before = installation.settings.read_text()
    told = await answered(installation, "sources", "add", home, code=1)
    paths = [c["source"]["url"].partition(site.place)[2] for c in told["choices"]]
    assert paths == ["/korea", "/all", "/comments/feed/"]
    assert told["added"] is None
    assert installation.settings.read_text() == before
    code, shown, said = await run(installation, "sources", "add", home)
    assert code == 1
    assert "--yes" in said
    assert "Forced returns to North Korea" in shown
    await answered(installation, "sources", "add", home, "--yes", "--id", "korea")
    assert source_tables(installation)["korea"]["url"].endswith("/korea")


async def test_a_page_without_a_feed_gets_selectors_proposed_that_are_never_taken_silently(installation, site):
    home = site.serve("/news", page(listing()))
    installation.write(port=2, allow=site.place)
    told = await answered(installation, "sources", "add", home, code=1)
    first = told["choices"][0]
    assert (first["proposed"], first["found"], first["entries"]) == (True, "proposed, look at them", 6)
    assert first["samples"][0]["title"] == "A statement of the families number 0"
    assert source_tables(installation) == {}
    asked = [r.path for r in site.requests if r.path != "/robots.txt"]
    assert len(asked) <= 8
    await answered(installation, "sources", "add", home, "--yes", "--id", "families")
    assert source_tables(installation)["families"]["options"]["item"]
    assert (await answered(installation, "poll", "families"))["new"] == 6


async def test_the_newest_day_is_the_one_that_the_page_shows(installation, site):
    titles = "".join(
        f"<article><h2><a href='{n}'>北朝鮮の人権についての声明</a></h2><time>2026年11月2{n}日</time></article>"
        for n in (1, 2)
    )
    home = site.serve("/news", page(titles))
    installation.write(port=2, allow=site.place)
    _, told, _ = await run(installation, "sources", "add", home, "--item", "article", "--date", "time", "--dry-run")
    assert "2 entries, newest: 2026-11-22, " in told
    assert "2026-11-22 00:00" in told


async def test_selectors_that_are_given_are_shown_at_work_and_a_dry_run_writes_nothing(installation, site):
    home = site.serve("/news", page(listing()))
    installation.write(port=2, allow=site.place)
    before = installation.settings.read_text()
    given = ("--item", "li.news-item", "--date", ".day", "--publisher", "Families' association", "--scope", "nk-only")
    code, told, said = await run(installation, "sources", "add", home, *given, "--dry-run")
    assert code == 0
    assert "A statement of the families number 5" in told
    table = tomllib.loads(told[told.index("[[source]]") :])["source"][0]
    assert table["options"] == {"item": "li.news-item", "title": "a", "link": "a", "date": ".day"}
    assert (table["publisher"], table["scope"], table["kind"]) == ("Families' association", "nk-only", "page")
    assert "nothing was written" in said
    assert installation.settings.read_text() == before


async def test_a_feed_in_a_usual_place_is_found_after_robots_txt_was_asked(installation, site):
    home = site.serve("/", page("Nothing here"))
    site.serve("/rss.xml", rss(site.place, "Eins"))
    installation.write(port=2, allow=site.place)
    told = await answered(installation, "sources", "add", home)
    assert told["choices"][0]["found"] == "in a usual place"
    assert [r.path for r in site.requests] == ["/", "/robots.txt", "/feed/", "/rss.xml"]


async def test_the_address_of_a_feed_itself_is_taken_with_one_request(installation, site):
    url = site.serve("/feed.xml", rss(site.place, "Eins"))
    installation.write(port=2, allow=site.place)
    assert (await answered(installation, "sources", "add", url, "--off"))["added"]
    assert [s["enabled"] for s in source_tables(installation).values()] == [False]
    assert len(site.requests) == 1


async def test_a_news_sitemap_that_robots_txt_names_is_found(installation, site):
    home = site.serve("/", page("Nothing here"))
    day = f"{utc_now():%Y-%m-%d}"
    rows = "".join(
        f"<url><loc>http://{site.place}/{n}</loc><news:news><news:publication_date>{day}</news:publication_date>"
        f"<news:title>Story number {n}</news:title></news:news></url>"
        for n in range(3)
    )
    names = 'xmlns="http://www.sitemaps.org/schemas/sitemap/0.9" xmlns:news="http://www.google.com/schemas/sitemap-news/0.9"'
    site.serve("/robots.txt", Reply(b"Sitemap: /news-sitemap.xml"))
    site.serve("/news-sitemap.xml", Reply(f"<urlset {names}>{rows}</urlset>".encode()))
    installation.write(port=2, allow=site.place)
    told = await answered(installation, "sources", "add", home)
    assert (told["choices"][0]["source"]["kind"], told["choices"][0]["entries"]) == ("sitemap", 3)


async def test_a_page_that_robots_txt_forbids_is_not_added(installation, site):
    home = site.serve("/news", page(listing()))
    site.serve("/robots.txt", Reply(b"User-agent: *\nDisallow: /news"))
    installation.write(port=2, allow=site.place)
    told = await answered(installation, "sources", "add", home, "--yes", code=1)
    assert told["choices"] == []
    assert any("robots.txt" in reason for reason in told["refused"])
    assert source_tables(installation) == {}


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (["http://{}/none"], 1, "(404)"),
        (["http://{}/none", "--zone", "Mars/One"], 2, "no time zone"),
        (["ftp://{}/x"], 2, "url"),
        (["http://{}/none", "--id", "hrw-en"], 2, "choose another id"),
        (["https://www.hrw.org/rss/news"], 2, "the source 'hrw-en' already"),
        (["http://{}/none", "--kind", "telepathy"], 2, "no kind of source named 'telepathy'"),
        (["http://{}/none", "--option", "appname"], 2, "NAME=VALUE"),
        (["http://127.0.0.1:1/"], 1, "port 1"),
        (["http://10.0.0.1/"], 1, "not a public address"),
    ],
)
async def test_what_cannot_be_added_is_said_in_a_sentence(installation, site, arguments, code, said):
    installation.write(port=2, allow=site.place)
    before = installation.settings.read_text()
    was, _, errors = await run(installation, "sources", "add", *(a.format(site.place) for a in arguments))
    assert was == code
    assert said in " ".join(errors.split())
    assert "Traceback" not in errors
    assert installation.settings.read_text() == before


async def test_a_page_cannot_write_control_characters_to_the_terminal(installation, site):
    url = site.serve("/f", rss(site.place, "&#155;31m evil &#x202e; title", "\x7f"))
    installation.write(port=2, allow=site.place)
    _, told, said = await run(installation, "sources", "add", url, "--dry-run")
    assert "evil" in told
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", told + said)


async def test_switching_writes_the_lists_and_doing_it_twice_changes_nothing(installation, site):
    installation.write(port=2, allow=site.place, more=own("mine", site.serve("/f", rss(site.place, "Eins"))))
    ids = ("hrw-en", "hrnk", "mine")
    for command, on in (("disable", False), ("enable", True)):
        await answered(installation, "sources", command, *ids)
        once = installation.settings.read_text()
        told = await answered(installation, "sources", command, *ids)
        assert (told["as before"], installation.settings.read_text()) == (3, once)
        async with installation.open() as newsroom:
            assert {newsroom.sources[i].enabled for i in ids} == {on}
    catalogue = tomllib.loads(installation.settings.read_text())["catalogue"]
    assert "hrw-en" not in catalogue["disable"]
    assert catalogue["enable"] == ["hrnk"]
    assert source_tables(installation)["mine"]["enabled"] is True


async def test_unknown_ids_are_refused_together_and_nothing_is_written(installation):
    installation.write(port=2)
    before = installation.settings.read_text()
    for command in ("enable", "disable"):
        code, _, said = await run(installation, "sources", command, "hrw-eng", "zzz", "hrw-ko")
        assert code == 2
        assert "no source has the id 'hrw-eng'; did you mean hrw-en" in " ".join(said.split())
        assert "'zzz'" in said
    assert installation.settings.read_text() == before
    code, _, said = await run(installation, "sources", "enable")
    assert (code, "--suggested" in said) == (2, True)


async def test_a_source_that_would_keep_the_service_from_starting_is_not_switched_on(installation):
    installation.write(port=2, more=own("mine", "https://p.example/", 'kind = "page"\nenabled = false\n'))
    before = installation.settings.read_text()
    code, _, said = await run(installation, "sources", "enable", "mine")
    assert code == 2
    assert "source mine: " in said
    assert installation.settings.read_text() == before


async def test_what_the_catalogue_suggests_is_switched_on_at_once(installation):
    installation.write(port=2)
    told = await answered(installation, "sources", "enable", "--suggested")
    assert len(told["switched on"]) > 5
    again = await answered(installation, "sources", "enable", "--suggested")
    assert (again["switched on"], again["as before"]) == ([], len(told["switched on"]))


async def test_a_shipped_source_cannot_be_removed_only_switched_off(installation):
    installation.write(port=2)
    code, _, said = await run(installation, "sources", "remove", "hrw-en")
    assert code == 2
    assert "nkwatch sources disable hrw-en" in " ".join(said.split())


async def test_what_is_exported_comes_back_by_import_and_is_known_the_second_time(installation, site):
    urls = [site.serve(f"/{n}", rss(site.place, f"Statement {n}", path=f"{n}/")) for n in range(3)]
    paged = own("p", f"http://{site.place}/page", 'kind = "page"\n[source.options]\nitem = "li"\ntitle = "a"\n')
    more = "".join(own(f"f{n}", u) for n, u in enumerate(urls)) + paged
    installation.write(port=2, allow=site.place, more=more)
    out = installation.folder / "out.opml"
    code, _, said = await run(installation, "sources", "export", "--out", str(out))
    assert code == 0
    assert "1 as links" in said
    told = await answered(installation, "sources", "import", str(out))
    assert told["added"] == 0
    installation.write(port=2, allow=site.place)
    told = await answered(installation, "sources", "import", str(out), "--dry-run")
    assert (told["added"], source_tables(installation)) == (3, {})
    told = await answered(installation, "sources", "import", str(out), "--enable")
    assert (told["added"], told["skipped"]) == (3, 1)
    assert [s["url"] for s in source_tables(installation).values()] == urls
    assert (await answered(installation, "poll"))["new"] >= 3
    told = await answered(installation, "sources", "import", str(out))
    assert (told["added"], told["known"]) == (0, len(told["ids"]) + told["known"])


async def test_imported_feeds_are_off_and_a_hostile_list_is_refused(installation):
    installation.write(port=2)
    before = installation.settings.read_text()
    file = installation.folder / "list.opml"
    for text in ('<!DOCTYPE o [<!ENTITY a "b">]><opml version="2.0"><body/></opml>', "<html>no</html>", ""):
        file.write_text(text)
        code, _, said = await run(installation, "sources", "import", str(file))
        assert code == 1
        assert "Traceback" not in said
    assert installation.settings.read_text() == before
    outlines = "".join(f'<outline text="n{n}" xmlUrl="https://host{n}.example/f"/>' for n in range(500))
    evil = '<outline text="e" xmlUrl="javascript:alert(1)"/>'
    file.write_text(f'<opml version="2.0"><body><outline text="NGO">{outlines}</outline>{evil}</body></opml>')
    code, _, said = await run(installation, "sources", "import", str(file))
    assert code == 0
    assert "javascript" in said
    tables = source_tables(installation)
    assert len(tables) == 500
    assert not any(t["enabled"] for t in tables.values())
    assert tables["host7-example"]["note"] == "Imported from the folder NGO."


async def test_at_a_terminal_one_of_several_feeds_is_asked_for(installation, site):
    head = "".join(f'<link rel="alternate" type="application/rss+xml" href="/{n}">' for n in range(2))
    home = site.serve("/", page("", head))
    for n in range(2):
        site.serve(f"/{n}", rss(site.place, *(f"Title {t}" for t in range(3 - n))))
    installation.write(port=2, allow=site.place)
    ours, theirs = pty.openpty()
    command = (sys.executable, "-m", "nkwatch", "--config", str(installation.settings), "sources", "add", home)
    process = await asyncio.create_subprocess_exec(
        *command, stdin=theirs, stdout=theirs, stderr=asyncio.subprocess.PIPE
    )
    os.close(theirs)
    os.write(ours, b"2\n")
    async with asyncio.timeout(60):
        _, said = await process.communicate()
    os.close(ours)
    assert process.returncode == 0, said
    assert "Which one" in said.decode()
    assert [s["url"][-2:] for s in source_tables(installation).values()] == ["/1"]
