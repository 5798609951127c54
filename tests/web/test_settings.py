"""A reader's settings: reached by a mailed link, changed by buttons, and erased without a trace."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.domain.source import Role
from nkwatch.domain.subscriber import (
    Choice,
    Consent,
    Edition,
    Format,
    Own,
    Rhythm,
    Schedule,
    Standing,
    Subscriber,
)
from nkwatch.domain.wish import Follows, Mutes, Wish
from nkwatch.web.export import own_data
from nkwatch.web.settings import first_instant
from tests.web.html import Page
from tests.web.samples import (
    ENGLISH,
    KOREAN,
    NOW,
    READER,
    confirmed,
    dump,
    handed_over,
    join,
    link,
    link_in,
    row,
    tell_samples,
)

SEOUL = "Asia/Seoul"
PLACES = ("", "/choice", "/pause", "/address", "/data", "/erase")


async def settings(newsroom, client, reader):
    """The path of the settings, from the mail that the reader asked for."""
    await client.post(link(newsroom, "manage", reader))
    mails = [m for m in await handed_over(newsroom) if "/settings/" in m.get_body(("plain",)).get_content()]
    return link_in(mails[-1], "settings")


async def test_the_settings_say_what_is_chosen_and_when_the_next_digest_comes(newsroom, client):
    reader = await confirmed(newsroom, wishes=(Wish(frozenset({"prisons"})),), phrase="heron")
    await newsroom.publish()
    said = Page.of((await client.get(await settings(newsroom, client, reader))).text).text()
    assert "Your next digest: 23 November 2026, 07:00 (Seoul)" in said
    assert "Prisons, camps and torture" in said
    assert "heron" in said
    assert READER not in said


@pytest.mark.parametrize(
    ("alerts", "said"), [(True, "You get alerts, and no digests."), (False, "You get neither digests nor alerts.")]
)
async def test_the_settings_say_so_where_no_digest_comes(newsroom, client, alerts, said):
    reader = await confirmed(newsroom, schedule=Schedule(Rhythm.NONE), alerts=alerts)
    assert said in Page.of((await client.get(link(newsroom, "settings", reader))).text).text()


async def test_a_link_to_the_settings_works_for_half_an_hour(newsroom, client):
    reader = await confirmed(newsroom)
    path = await settings(newsroom, client, reader)
    newsroom.clock.now += timedelta(minutes=29, seconds=59)
    assert (await client.get(path)).status_code == 200
    newsroom.clock.now += timedelta(seconds=1)
    before = dump(newsroom)
    for place in PLACES:
        for method in ("GET", "POST"):
            answer = await client.request(method, path + place)
            assert answer.status_code in {404, 405}
    assert "you will get a new one by mail" in Page.of((await client.get(path)).text).text()
    assert dump(newsroom) == before


async def test_who_is_gone_gets_what_a_forged_link_gets(newsroom, client):
    waits = await join(newsroom, "a@inbox.example")
    left, erased = await confirmed(newsroom, "b@inbox.example"), await confirmed(newsroom, "c@inbox.example")
    await newsroom.subscribe.leave(left, "left")
    await newsroom.subscribe.erase(erased)
    before = dump(newsroom)
    for place in PLACES:
        paths = [link(newsroom, "settings", who, minutes=30) + place for who in (waits, left, erased, "nobody")]
        for method in ("GET", "POST"):
            answers = [await client.request(method, path) for path in ("/settings/forged" + place, *paths)]
            assert len({a.text for a in answers}) == 1
            assert {a.status_code for a in answers} <= {404, 405}
    assert dump(newsroom) == before


async def test_a_link_opens_the_settings_of_its_reader_alone(newsroom, client):
    one = await confirmed(newsroom, "a@inbox.example", phrase="heron")
    other = await confirmed(newsroom, "b@inbox.example", phrase="willow")
    path = link(newsroom, "settings", one, minutes=30)
    forged = path.replace(one, other)
    assert forged != path
    assert (await client.get(forged)).status_code == 404
    await client.post(path + "/erase")
    assert (await newsroom.subscribers.own(other)).subscriber.choice.phrase == "willow"


async def test_no_page_of_a_reader_is_kept_anywhere(newsroom, client):
    path = link(newsroom, "settings", await confirmed(newsroom), minutes=30)
    for place in PLACES:
        answer = await client.get(path + place)
        assert answer.status_code == 200
        assert (answer.headers["cache-control"], answer.headers["referrer-policy"]) == ("no-store", "no-referrer")
        assert "set-cookie" not in answer.headers
        if place != "/data":
            assert Page.of(answer.text).one("meta[name=robots]").get("content") == "noindex"


async def test_a_get_of_every_page_changes_nothing(newsroom, client):
    path = link(newsroom, "settings", await confirmed(newsroom), minutes=30)
    before = dump(newsroom)
    for place in PLACES:
        for method in ("GET", "HEAD", "OPTIONS"):
            query = "?step=save&step=pause&until=2026-12-01&address=x@inbox.example"
            assert (await client.request(method, path + place + query)).status_code in {200, 405}
    assert dump(newsroom) == before


# pausing


async def test_who_pauses_gets_nothing_before_the_day_in_the_own_zone(newsroom, client):
    await tell_samples(newsroom)
    reader = await confirmed(newsroom, schedule=Schedule(Rhythm.DAILY, 7, SEOUL))
    path = link(newsroom, "settings", reader, minutes=30)
    page = await client.post(f"{path}/pause", data={"step": "pause", "until": "2026-11-25"})
    said = Page.of(page.text).text()
    assert "Paused: nothing is sent before 25 November 2026, 00:00 (Seoul)." in said
    assert "Your next digest: 25 November 2026, 07:00 (Seoul)" in said
    assert (await newsroom.subscribers.find(reader))[0].paused_until == datetime(2026, 11, 24, 15, tzinfo=UTC)
    for hours in (1, 24, 20):
        newsroom.clock.now += timedelta(hours=hours)
        await newsroom.publish()
        assert await handed_over(newsroom) == []


async def test_a_pause_cancels_what_waits_and_going_on_is_one_button(newsroom, client):
    await tell_samples(newsroom)
    reader = await confirmed(newsroom)
    await newsroom.publish()
    path = link(newsroom, "settings", reader, minutes=30)
    await client.post(f"{path}/pause", data={"until": "2027-01-01"})
    assert await handed_over(newsroom) == []
    page = Page.of((await client.get(path)).text)
    form = page.one("main form")
    assert form.get("action") == f"{path}/pause"
    button = form.cssselect("button")[0]
    answer = await client.post(form.get("action"), data={button.get("name"): button.get("value")})
    assert "Mails come again from now on" in answer.text
    assert "Paused" not in Page.of(answer.text).text()
    assert (await newsroom.subscribers.find(reader))[0].paused_until is None


@pytest.mark.parametrize("day", ["", "2026-11-22", "2020-01-01", "2027-12-01", "soon", "9999-99-99", "\ud800", "<b>"])
async def test_a_day_that_is_none_is_told_at_the_field(newsroom, client, day):
    reader = await confirmed(newsroom)
    before = dump(newsroom)
    sent = day.encode("utf-8", "replace").decode()
    answer = await client.post(link(newsroom, "settings", reader) + "/pause", data={"until": sent})
    page = Page.of(answer.text)
    assert answer.status_code == 422
    assert page.text("#until-wrong") == "Please choose a day after today, at most a year ahead."
    assert page.one("#until").get("aria-invalid") == "true"
    assert dump(newsroom) == before


@given(st.text(max_size=30), st.sampled_from(["UTC", SEOUL, "America/St_Johns", "Pacific/Kiritimati"]))
def test_no_text_pauses_for_longer_than_a_year_or_into_the_past(said, zone):
    until = first_instant(said, zone, NOW)
    assert until is None or NOW < until < NOW + timedelta(days=368)


@given(st.integers(-400, 800), st.sampled_from(["UTC", SEOUL, "America/Santiago", "Pacific/Kiritimati"]))
def test_a_pause_ends_when_its_day_begins(days, zone):
    day = (NOW + timedelta(days=days)).date()
    until = first_instant(day.isoformat(), zone, NOW)
    assert until is None or (until > NOW and abs(until - datetime(day.year, day.month, day.day, tzinfo=UTC)) <
                             timedelta(hours=15))  # fmt: skip


# choosing anew


def fields(page):
    """What a browser would send of the form on a page, but for the buttons: names and values in their order."""
    form = page.one("main form.sheet")
    pairs = []
    for field in form.cssselect("input, select, textarea"):
        if field.get("type") in {"checkbox", "radio"} and field.get("checked") is None:
            continue
        pairs.append((field.get("name"), field.value if field.tag != "input" else field.get("value", "")))
    return pairs


async def sent(client, path, pairs, step):
    body = urlencode([*((n, v) for n, v in pairs if n != "step"), ("step", step)])
    headers = {"Content-Type": "application/x-www-form-urlencoded"}
    return await client.post(f"{path}/choice", content=body, headers=headers)


def changed(pairs, **values):
    """The fields with others in place of those of that name; None leaves them out."""
    named = {name.replace("_", "-"): value for name, value in values.items()}
    kept = [(n, v) for n, v in pairs if n not in named]
    return [*kept, *((n, v) for n, v in named.items() if v is not None)]


RICH = {
    "wishes": (
        Wish(
            frozenset({"prisons"}),
            frozenset({ENGLISH}),
            frozenset({Role.STATEMENT}),
            Follows(frozenset({"요덕", "a&b"})),
        ),
        Wish(follows=Follows(cases=frozenset({"Ri Sol-ju"}))),
    ),
    "mutes": Mutes(
        frozenset({"security"}), frozenset({KOREAN}), frozenset({Role.STATE_MEDIA}), Follows(frozenset({"<b>"}))
    ),
    "phrase": 'heron "&" <dawn>',
    "neutral": True,
    "format": Format.TEXT,
    "language": "fr",
    "schedule": Schedule(Rhythm.MONTHLY, 19, SEOUL, 3, 31),
    "alerts": False,
}


@pytest.mark.parametrize("chosen", [{}, RICH], ids=["plain", "rich"])
async def test_saving_the_form_as_it_stands_changes_nothing(newsroom, client, chosen):
    await tell_samples(newsroom)
    reader = await confirmed(newsroom, **chosen)
    path = link(newsroom, "settings", reader, minutes=30)
    before = dump(newsroom)
    pairs = fields(Page.of((await client.get(f"{path}/choice?lang=en")).text))
    look = await sent(client, path, pairs, "look")
    assert look.status_code == 200
    assert dump(newsroom) == before
    kept = (await newsroom.subscribers.find(reader))[0]
    hidden = [(i.get("name"), i.get("value")) for i in Page.of(look.text).all("form.ways input")]
    saved = await sent(client, path, hidden[: len(hidden) // max(1, look.text.count('class="ways"'))], "save")
    assert saved.status_code == 200
    assert (await newsroom.subscribers.find(reader))[0] == kept


async def test_before_saving_the_page_says_what_the_choice_would_have_brought(newsroom, client):
    await tell_samples(newsroom)
    newsroom.clock.now += timedelta(hours=1)
    path = link(newsroom, "settings", await confirmed(newsroom), minutes=30)
    pairs = fields(Page.of((await client.get(f"{path}/choice")).text))
    everything = Page.of((await sent(client, path, pairs, "look")).text)
    assert "In the last 30 days:" in everything.text()
    assert everything.all("ul.brought li")
    nothing = changed(pairs, wish0_scope="some", wish0_words="xylophone")
    page = Page.of((await sent(client, path, nothing, "look")).text)
    assert "This choice would have brought you nothing" in page.text(".notice")
    assert not page.all("ul.brought")


async def test_another_choice_is_in_force_once_it_is_saved(newsroom, client):
    await tell_samples(newsroom)
    reader = await confirmed(newsroom, alerts=False)
    path = await settings(newsroom, client, reader)
    pairs = fields(Page.of((await client.get(f"{path}/choice")).text))
    wanted = changed(
        pairs, rhythm="daily", hour="9", zone="Europe/Paris", language="fr", format="text", phrase="willow"
    )
    answer = await sent(client, path, wanted, "save")
    page = Page.of(answer.text)
    assert page.language == "fr"
    assert page.one("[role=status]").text_content()
    assert "09:00 (Paris)" in page.text()
    newsroom.clock.now += timedelta(days=1, hours=3)
    await newsroom.publish()
    (mail,) = await handed_over(newsroom)
    assert (mail["Content-Language"], mail.get_content_type()) == ("fr", "text/plain")
    assert "willow" in mail.get_content()


async def test_wishes_can_be_added_and_removed_without_saving_anything(newsroom, client):
    path = link(newsroom, "settings", await confirmed(newsroom, phrase="heron"), minutes=30)
    before = dump(newsroom)
    pairs = changed(fields(Page.of((await client.get(f"{path}/choice")).text)), phrase="willow")
    two = Page.of((await sent(client, path, pairs, "more")).text)
    assert len(two.all("fieldset.wish")) == 2
    one = Page.of((await sent(client, path, fields(two), "drop0")).text)
    assert len(one.all("fieldset.wish")) == 1
    assert one.one("#phrase").get("value") == "willow"
    assert dump(newsroom) == before


async def test_what_is_wrong_in_the_choice_is_told_and_not_saved(newsroom, client):
    reader = await confirmed(newsroom)
    path = link(newsroom, "settings", reader, minutes=30)
    before = dump(newsroom)
    pairs = changed(fields(Page.of((await client.get(f"{path}/choice")).text)), rhythm="none", alerts=None)
    for step in ("look", "save"):
        answer = await sent(client, path, pairs, step)
        assert answer.status_code == 422
        assert "You would get nothing at all." in Page.of(answer.text).text("#problems")
    assert dump(newsroom) == before


async def test_a_source_that_is_no_longer_offered_stays_chosen(newsroom, client):
    reader = await confirmed(newsroom, wishes=(Wish(frozenset({"prisons"}), frozenset({"gone-source"})),))
    path = link(newsroom, "settings", reader, minutes=30)
    pairs = fields(Page.of((await client.get(f"{path}/choice")).text))
    await sent(client, path, changed(pairs, phrase="heron"), "save")
    chosen = (await newsroom.subscribers.find(reader))[0].choice
    assert (chosen.wishes[0].sources, chosen.phrase) == (frozenset({"gone-source"}), "heron")


@pytest.mark.parametrize(
    ("body", "kind"),
    [
        (b"\xff\xfe", "application/x-www-form-urlencoded"),
        (b"{}", "application/json"),
        (b"--x", "multipart/form-data; boundary=x"),
        (b"a=%ff", "application/x-www-form-urlencoded"),
    ],
)
async def test_what_is_no_form_changes_nothing(newsroom, client, body, kind):
    path = link(newsroom, "settings", await confirmed(newsroom), minutes=30)
    before = dump(newsroom)
    for place in ("/choice", "/pause", "/address"):
        answer = await client.post(path + place, content=body, headers={"Content-Type": kind})
        assert 400 <= answer.status_code < 500
    assert dump(newsroom) == before


async def test_a_button_on_another_site_changes_nothing(newsroom, client):
    path = link(newsroom, "settings", await confirmed(newsroom), minutes=30)
    before = dump(newsroom)
    for place in ("/choice", "/pause", "/address", "/erase"):
        for headers in ({"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}):
            assert (await client.post(path + place, headers=headers)).status_code == 403
    assert dump(newsroom) == before


# another address


async def test_a_change_of_address_asks_both_and_keeps_everything_else(newsroom, client):
    await tell_samples(newsroom)
    reader = await confirmed(newsroom, phrase="heron", alerts=False)
    path = link(newsroom, "settings", reader, minutes=30)
    page = await client.post(f"{path}/address", data={"address": " new@inbox.example "})
    assert "Look into both mailboxes" in page.text
    assert "new@inbox.example" not in page.text
    mails = {mail["To"]: mail for mail in await handed_over(newsroom)}
    assert set(mails) == {READER, "new@inbox.example"}
    assert "heron" not in mails["new@inbox.example"].as_string()
    await client.post(link_in(mails[READER], "move/old"))
    await client.post(link_in(mails["new@inbox.example"], "move/new"))
    newsroom.clock.now += timedelta(days=1)
    await newsroom.publish()
    (mail,) = await handed_over(newsroom)
    assert mail["To"] == "new@inbox.example"
    assert "heron" in mail.as_string()


async def test_the_page_answers_alike_whatever_the_new_address_is(newsroom, client):
    other, gone = await confirmed(newsroom, "known@inbox.example"), await confirmed(newsroom, "gone@inbox.example")
    await newsroom.subscribe.erase(gone)
    reader = await confirmed(newsroom)
    texts = set()
    for address in ("new@inbox.example", "known@inbox.example", "gone@inbox.example"):
        newsroom.clock.now += timedelta(days=2)
        path = link(newsroom, "settings", reader)
        answer = await client.post(f"{path}/address", data={"address": address})
        assert answer.status_code == 200
        texts.add(answer.text)
        mails = await handed_over(newsroom)
        assert READER in {mail["To"] for mail in mails}
        assert "gone@inbox.example" not in {mail["To"] for mail in mails}
    assert len(texts) == 1
    assert other


@pytest.mark.parametrize(
    "address", ["", "nobody", "a@b", "a@inbox.example\r\nBcc: b@inbox.example", "x" * 300 + "@a.example"]
)
async def test_an_address_that_is_none_is_told_at_the_field(newsroom, client, address):
    path = link(newsroom, "settings", await confirmed(newsroom), minutes=30)
    before = dump(newsroom)
    answer = await client.post(f"{path}/address", data={"address": address})
    page = Page.of(answer.text)
    assert answer.status_code == 422
    assert page.one("#address").get("aria-describedby") == "address-wrong"
    assert dump(newsroom) == before


async def test_nobody_is_flooded_with_changes_of_address(newsroom, client):
    reader = await confirmed(newsroom)
    path = link(newsroom, "settings", reader)
    answers = [await client.post(f"{path}/address", data={"address": f"v{n}@inbox.example"}) for n in range(5)]
    assert [a.status_code for a in answers] == [200, 200, 200, 429, 429]
    newsroom.clock.now += timedelta(days=1)
    assert (await client.post(f"{path}/address", data={"address": "v@inbox.example"})).status_code == 200


# the own data


async def test_the_own_data_hold_everything_under_names_that_explain_themselves(newsroom, client):
    await tell_samples(newsroom)
    reader = await confirmed(
        newsroom,
        wishes=(
            Wish(frozenset({"prisons"}), frozenset({ENGLISH}), frozenset({Role.PRESS}), Follows(frozenset({"요덕"}))),
        ),
        mutes=Mutes(follows=Follows(cases=frozenset({"Dennis Rodman"}))),
        format=Format.TEXT,
        neutral=True,
        phrase="heron",
    )
    await newsroom.subscribe.ask_settings(reader)
    await handed_over(newsroom)
    answer = await client.get(link(newsroom, "settings", reader, minutes=30) + "/data")
    assert answer.headers["content-disposition"].startswith("attachment")
    assert answer.headers["content-type"] == "application/json"
    said = json.loads(answer.text)
    assert said["email_address"] == READER
    assert said["consent"] == {"how_it_was_given": "test", "given_at": (NOW - timedelta(days=40)).isoformat()}
    assert said["subscription"]["standing"] == "confirmed"
    chosen = said["choice"]
    assert chosen["wishes"][0]["words"] == ["요덕"]
    assert (chosen["phrase_in_every_mail"], chosen["neutral_sender_and_subject"]) == ("heron", True)
    assert chosen["never_sent"]["people_and_groups"] == ["Dennis Rodman"]
    assert "settings" in {d["kind"] for d in said["mails_to_you"]}


def test_the_own_data_leave_out_nothing_that_is_kept():
    days = (NOW + timedelta(days=n) for n in itertools.count(1))
    names = (f"value{n}" for n in itertools.count())

    def side(kind):
        follows = Follows(frozenset({next(names)}), frozenset({next(names)}))
        return kind(frozenset({next(names)}), frozenset({next(names)}), frozenset({Role.REPRINT}), follows)

    chosen = Choice(
        Schedule(Rhythm.MONTHLY, 19, next(names), 5, 27),
        alerts=False,
        edition=Edition(next(names), Format.TEXT, neutral=True),
        wishes=(side(Wish), side(Wish)),
        mutes=side(Mutes),
        phrase=next(names),
    )
    kept = Subscriber(next(names), chosen, next(days), next(days))
    consent = Consent(next(names), next(days))
    own = Own(kept, Standing.ENDED, next(names), next(days), consent, next(days), next(names))
    said = own_data(own, [], service="us", contact="them", now=NOW).decode()
    last = int(next(names).removeprefix("value"))
    for wanted in (
        *(f'"value{n}"' for n in range(last)),
        "monthly",
        "19",
        "Saturday",
        "27",
        "text",
        "ended",
        "reprint",
    ):
        assert wanted in said
    for n in range(1, 6):
        assert (NOW + timedelta(days=n)).isoformat() in said


# erasing and leaving


async def test_erasing_says_what_remains_and_waits_for_the_button(newsroom, client):
    reader = await confirmed(newsroom)
    before = dump(newsroom)
    page = Page.of((await client.get(link(newsroom, "settings", reader) + "/erase")).text)
    assert "a keyed hash of your address" in page.text()
    assert "cannot subscribe with this address again" in page.text()
    assert page.one("main form").get("method") == "post"
    assert dump(newsroom) == before


async def test_erasing_leaves_only_the_keyed_hash(newsroom, client):
    await tell_samples(newsroom)
    reader = await confirmed(newsroom, phrase="heron", wishes=(Wish(), Wish(follows=Follows(frozenset({"요덕"})))))
    await newsroom.publish()
    await newsroom.subscribe.ask_settings(reader)
    await newsroom.subscribe.ask_move(reader, "new@inbox.example")
    path = link(newsroom, "settings", reader, minutes=30)
    answer = await client.post(f"{path}/erase")
    assert "Everything is erased" in answer.text
    left = "\n".join(dump(newsroom))
    hashed = newsroom.keyring.lookup(READER).hex().upper()
    assert left.upper().count(hashed) == 1
    for trace in (
        reader,
        READER,
        "heron",
        "요덕",
        "new@inbox.example",
        newsroom.keyring.lookup("new@inbox.example").hex(),
    ):
        assert trace.upper() not in left.upper()
    assert await handed_over(newsroom) == []
    for place in PLACES:
        assert (await client.get(path + place)).status_code == 404


async def test_who_was_erased_is_not_even_asked_to_confirm(newsroom, client):
    reader = await confirmed(newsroom)
    await client.post(link(newsroom, "settings", reader) + "/erase")
    newsroom.clock.now += timedelta(days=3)
    await join(newsroom)
    assert await handed_over(newsroom) == []


async def test_the_settings_lead_to_leaving(newsroom, client):
    reader = await confirmed(newsroom)
    page = Page.of((await client.get(link(newsroom, "settings", reader))).text)
    (leave,) = {href for href in page.links() if href.startswith("/leave/")}
    assert "You have left" in (await client.post(leave)).text
    assert row(newsroom, reader)["standing"] == "ended"
