"""How the sources are: what a reader is told, the table, the plot."""

import random
import re
from collections import Counter
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import update

from nkwatch.domain.polling import Health, PollState
from nkwatch.domain.watch import Lack, Watch, watch
from nkwatch.store import records, schema
from nkwatch.store.rows import insert_new
from nkwatch.web.strips import DAYS, Bar, Span, Trail
from nkwatch.web.watching import plot
from tests.making import source, state, statement
from tests.web.html import Page
from tests.web.samples import NOW
from tests.web.watched import EVERY_STATE, SECRET, watch_every_state

DAY = timedelta(days=1)
LANGUAGES = pytest.mark.parametrize("language", ["en", "ko", "ja", "fr"])


def answers(source_id, health=Health.OK, **fields):
    return state(source_id, last_ok_at=NOW, health=health, **fields)


def broken(source_id, health=Health.FAILING):
    return state(source_id, last_ok_at=NOW, health=health, failures=2)


def catalogue(*sources):
    return {s.id: s for s in sources}


FOUR = catalogue(
    source("a1", publisher="Alder"), source("a2", publisher="Alder"), source("b", publisher="bay"),
    source("c", publisher="Cedar", enabled=False),
)  # fmt: skip


# ---- what is told


def test_sources_that_are_on_and_were_asked_are_counted():
    assert watch([answers("a1"), answers("a2"), state("b"), answers("c"), answers("unknown")], FOUR) == Watch(2, 2)


def test_nothing_is_told_before_the_first_poll():
    assert watch([state("a1"), state("b")], FOUR) == Watch()


def test_a_publisher_is_silent_only_when_all_its_sources_are():
    silent = answers("a1", Health.SILENT)
    assert watch([silent, answers("a2")], FOUR) == Watch(2, 2)
    assert watch([silent, answers("a2", Health.SILENT)], FOUR) == Watch(2, 2, silent=(Lack("Alder"),))


@pytest.mark.parametrize("health", [Health.FAILING, Health.BLOCKED, Health.GONE])
def test_a_publisher_is_unreadable_when_none_of_its_sources_can_be_read_and_else_in_part(health):
    assert watch([broken("a1", health), answers("a2")], FOUR) == Watch(2, 1, partly=(Lack("Alder", NOW),))
    assert watch([broken("a1", health), broken("a2")], FOUR) == Watch(2, 0, unreadable=(Lack("Alder", NOW),))


def test_one_failure_is_an_accident_unless_nothing_was_ever_read():
    assert watch([answers("b", failures=1)], FOUR) == Watch(1, 1)
    assert watch([state("b", failures=1)], FOUR) == Watch(1, 0, unreadable=(Lack("bay"),))


def test_a_suspected_gap_is_an_answer():
    assert watch([answers("b", Health.GAP)], FOUR) == Watch(1, 1)


@given(
    st.lists(
        st.builds(
            state, st.sampled_from([f"s{n}" for n in range(12)]), health=st.sampled_from(Health),
            failures=st.integers(0, 3), last_ok_at=st.none() | st.just(NOW),
        ),
        unique_by=lambda s: s.source_id,
    ),
    st.randoms(),
)  # fmt: skip
def test_no_order_changes_the_watch_and_every_name_stands_once(states: list[PollState], chance: random.Random):
    known = catalogue(*(source(f"s{n}", publisher=f"P{n % 4}", enabled=n != 7) for n in range(12)))
    told = watch(states, known)
    names = Counter(gap.publisher for gap in (*told.silent, *told.unreadable, *told.partly))
    assert watch(chance.sample(states, len(states)), known) == told
    assert 0 <= told.answering <= told.sources <= len(states)
    assert not names or names.most_common(1)[0][1] == 1
    assert (told.answering < told.sources) == bool(told.unreadable or told.partly)
    assert hash(told)


# ---- strips


def test_the_newest_day_is_on_the_right_and_more_statements_stand_higher():
    span = Span(NOW)
    strip = span.strip(span.counted([NOW, NOW - DAY, NOW - DAY, NOW - 89 * DAY]), None)
    assert strip.bars == (Bar(0, 5), Bar(88, 7), Bar(89, 5))
    assert (strip.statements, strip.trail) == (4, None)


def test_what_is_older_is_left_out_and_what_is_dated_ahead_counts_as_today():
    assert Span(NOW).counted([NOW - 90 * DAY, NOW + timedelta(hours=20)]) == {89: 1}


def test_silence_runs_from_its_beginning_until_now():
    assert Span(NOW).strip({}, NOW - 10 * DAY).trail == Trail(79.3, 89.3)
    assert Span(NOW).strip({}, NOW - 500 * DAY).trail == Trail(0, 89.3)
    assert Span(NOW).strip({}, NOW - timedelta(hours=3)).trail is None


def test_months_are_marked_where_they_begin():
    assert [(t.x, f"{t.month:%m-%d}") for t in Span(NOW).ticks] == [(7, "09-01"), (37, "10-01"), (68, "11-01")]


@given(
    st.lists(st.floats(-60, 300).map(lambda days: NOW - days * DAY)),
    st.none() | st.integers(-10, 400),
)
def test_everything_drawn_lies_within_the_strip(published, days):
    span = Span(NOW)
    strip = span.strip(span.counted(published), None if days is None else NOW - days * DAY)
    assert all(0 <= b.x < DAYS and 0 < b.height < 12 for b in strip.bars)
    assert strip.trail is None or 0 <= strip.trail.start < strip.trail.end <= DAYS


# ---- the page


async def rows(client, language="en"):
    page = Page.of((await client.get("/sources", params={"lang": language})).text)
    return {r.cssselect("th .reason")[0].text: r for r in page.all("tbody tr")}


def said(cell):
    return " ".join(cell.text_content().split())


async def test_every_source_that_is_on_says_how_it_is_and_since_when(newsroom, client):
    await watch_every_state(newsroom)
    states = {i: said(r.cssselect("td")[0]) for i, r in (await rows(client)).items()}
    assert states == {
        "old-wire": "gone since 3 Sept 2026 Its publisher says that it is gone for good.",
        "ministry": "shuts us out since 2 Oct 2026 It refuses our requests.",
        "courier": "failing since 30 Oct 2026 It cannot be read at present.",
        "first-fails": "failing It cannot be read at present.",
        "tern": "gap suspected since 21 Nov 2026 Something may have been missed between two polls.",
        "quarry": "silent since 9 Oct 2026 It answers, but has shown nothing new for longer than usual.",
        "shiori": "silent since 15 Jul 2026 It answers, but has shown nothing new for longer than usual.",
        "yonder": "not polled yet",
        "alder-letters": "ok",
        "alder-news": "ok",
        "vesper": "ok The last poll failed.",
        "border-watch": "ok",
        "batang": "ok",
    }


async def test_a_row_gives_newest_statement_last_success_and_next_poll(newsroom, client):
    await watch_every_state(newsroom)
    found = await rows(client)
    assert said(found["courier"].cssselect(".dates")[0]) == (
        "Newest statement 29 Oct 2026 Last success 30 Oct 2026, 07:00 UTC Next poll 23 Nov 2026, 03:00 UTC"
    )
    assert said(found["yonder"].cssselect(".dates")[0]) == "Newest statement – Last success never Next poll due now"


async def test_the_page_opens_with_what_digests_tell(newsroom, client):
    await watch_every_state(newsroom)
    lede = Page.of((await client.get("/sources")).text).text(".lede .quiet")
    assert lede.startswith("8 of 12 sources answered. Could not be read: Ministry of Foreign Affairs")
    assert lede.endswith("longer than usual: Quarry Relief (since 9 October 2026), しおりの会 (since 15 July 2026).")


@LANGUAGES
async def test_reasons_and_addresses_of_sources_are_for_operators(newsroom, client, language):
    await watch_every_state(newsroom)
    page = (await client.get("/sources", params={"lang": language})).text
    assert SECRET not in page
    assert "relay.example" not in page
    assert not [source for source, _, _ in EVERY_STATE if source.host in page]


async def test_each_row_draws_its_statements_and_its_silence(newsroom, client):
    await watch_every_state(newsroom)
    found = await rows(client)
    strips = {i: r.cssselect("svg.strip")[0] for i, r in found.items()}
    assert strips["quarry"].get("aria-label") == "6 statements"
    assert strips["shiori"].get("aria-label") == "no statement"
    assert len(re.findall("v-", strips["quarry"].cssselect(".bars")[0].get("d"))) == 6
    assert strips["quarry"].cssselect(".trail")[0].get("class") == "trail warn"
    assert strips["courier"].cssselect(".trail")[0].get("class") == "trail bad"
    assert not strips["alder-news"].cssselect(".trail")
    assert not found["shiori"].cssselect(".bars")


@LANGUAGES
async def test_forty_sources_make_a_page_that_a_slow_line_carries(newsroom, client, language):
    await watch_every_state(newsroom)
    page = (await client.get("/sources", params={"lang": language})).content
    frame = len((await client.get("/nothing")).content)
    assert (len(page) - frame) / len(await rows(client, language)) < 2_000


async def test_what_was_published_is_counted_once_a_minute_and_states_are_those_of_now(newsroom, client):
    await watch_every_state(newsroom)
    await rows(client)
    late = statement("late", source_id="shiori", published=NOW)
    ok = state("shiori", last_ok_at=NOW)
    changed = update(schema.source_state).where(schema.source_state.c.source_id == "shiori")

    def write(connection):
        insert_new(connection, schema.statement, [records.statement_row(late)])
        connection.execute(changed.values(records.state_row(ok)))

    await newsroom.database.write(write)
    row = (await rows(client))["shiori"]
    assert (said(row.cssselect("td")[0]), row.cssselect("svg")[0].get("aria-label")) == ("ok", "no statement")
    newsroom.clock.now += timedelta(minutes=1)
    assert (await rows(client))["shiori"].cssselect("svg")[0].get("aria-label") == "1 statement"


# ---- the plot as a file


@LANGUAGES
async def test_the_plot_is_a_picture_that_needs_nothing_else(newsroom, language):
    await watch_every_state(newsroom)
    text = await plot(newsroom, language)
    picture = ET.fromstring(text)
    names = [" ".join(t.itertext()) for t in picture.iter("{http://www.w3.org/2000/svg}text")]
    assert any("しおりの会" in name for name in names)
    assert SECRET not in text
    assert not re.search(r"<script|href|url\(|@import|https?://(?!www\.w3\.org/2000/svg)", text)
    assert "prefers-color-scheme: dark" in text


async def test_a_hostile_name_stays_text_in_the_plot(newsroom):
    await watch_every_state(newsroom)
    newsroom.sources["batang"] = source("batang", publisher="</text><script>x()</script>&\u202e")
    picture = ET.fromstring(await plot(newsroom))
    assert not list(picture.iter("{http://www.w3.org/2000/svg}script"))


async def test_a_plot_without_sources_is_still_a_picture(newsroom):
    newsroom.sources.clear()
    assert ET.fromstring(await plot(newsroom, "de")).tag.endswith("svg")


async def test_the_rhythm_holds_what_was_published_since_oldest_first(newsroom):
    await watch_every_state(newsroom)
    rhythm = await newsroom.statements.rhythm(NOW - 30 * DAY)
    assert list(rhythm["alder-news"]) == sorted(rhythm["alder-news"])
    assert min(min(days) for days in rhythm.values()) >= NOW - 30 * DAY
    assert "quarry" not in rhythm
