"""What editors do at the desk: each grave act by a touch for it alone, and each with its row in the audit."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from nkwatch.domain.desk import RulingKind
from nkwatch.domain.story import AlertState
from tests.web.authenticator import (
    DESK,
    OWN,
    asked,
    at_the_desk,
    browser,
    challenged,
    enrolled,
    fields_of,
    form_to,
    press,
    shown,
    signed_in,
    touch,
)
from tests.web.html import Page
from tests.web.samples import empty_newsroom, rows, tell_samples

DAY = timedelta(days=1)


@pytest.fixture
async def newsroom(tmp_path):
    async with empty_newsroom(tmp_path, at_the_desk(tmp_path)) as opened:
        await tell_samples(opened)
        await opened.publish()
        yield opened


@pytest.fixture
async def client(newsroom):
    async with browser(newsroom) as opened:
        yield opened


@pytest.fixture
async def device(newsroom, client):
    return await signed_in(newsroom, client)


async def held(newsroom):
    (story,) = await newsroom.statements.held_alerts()
    return story


async def the_story(newsroom, story_id):
    (story,) = await newsroom.statements.stories([story_id])
    return story


def path(story, verb):
    return f"/desk/stories/{story.id}/{verb}"


def audited(newsroom, act):
    found = [r for r in rows(newsroom, "audit") if r["act"] == act]
    return [(r["editor"], r["thing"], json.loads(r["before"]), json.loads(r["after"])) for r in found]


def rulings(newsroom):
    return [(r["kind"], r["editor"], r["note"]) for r in rows(newsroom, "ruling") if r["editor"]]


async def test_what_waits_stands_there_with_the_words_that_decided(newsroom, client, device):
    story = await held(newsroom)
    page = await shown(client, "/desk/queue")
    (article,) = page.all("article.held")
    marked = [m.text for m in article.cssselect("mark.urgency")]
    assert {e.phrase for e in story.lead.reading.urgency_evidence} <= set(marked)
    assert "Editors have not ruled" in page.text(".judged")
    assert page.one(".original a").get("rel") == "noopener noreferrer"
    assert story.alert_reason in page.text("article.held")
    assert "more than three days" not in page.text()
    newsroom.clock.now += 3 * DAY
    async with browser(newsroom) as later:
        again = await touch(later, await shown(later, "/desk/sign-in"), "/desk/sign-in", device)
        assert again.status_code == 303
        assert "more than three days" in (await shown(later, "/desk/queue")).text()


@pytest.mark.parametrize(
    ("verb", "state", "kind"),
    [("release", AlertState.RELEASED, RulingKind.RELEASE), ("withhold", AlertState.WITHHELD, RulingKind.WITHHOLD)],
)
async def test_an_alert_is_decided_by_a_touch(newsroom, client, device, verb, state, kind):
    story = await held(newsroom)
    done = await touch(client, await shown(client, "/desk/queue"), path(story, verb), device, why="two calls")
    of = f"of={story.id}&" if verb == "release" else ""
    assert done.headers["location"] == f"/desk/queue?{of}did={state}"
    onward = f"/desk/corrections/stories/{story.id}"
    assert (onward in (await shown(client, done.headers["location"])).links()) is (verb == "release")
    assert (await the_story(newsroom, story.id)).alert is state
    assert rulings(newsroom) == [(kind, "Ann", "two calls")]
    ((editor, thing, before, after),) = audited(newsroom, verb)
    assert (editor, thing) == ("Ann", story.id)
    assert (before["alert"], after["alert"], after["outcome"]) == ("held", state, state)
    assert "calls" not in json.dumps(after)
    page = await shown(client, done.headers["location"])
    assert page.all("[role=status]")
    assert "No alert waits" in page.text()


async def test_a_story_is_pinned_and_not_any_longer(newsroom, client, device):
    story = await held(newsroom)
    for verb, pinned in (("pin", True), ("unpin", False)):
        done = await touch(client, await shown(client, "/desk/queue"), path(story, verb), device)
        assert done.headers["location"] == f"/desk/queue?did={verb}"
        assert (await held(newsroom)).marks.pinned is pinned
    assert [(b["pinned"], a["pinned"]) for *_, b, a in audited(newsroom, "pin")] == [(False, True), (True, False)]


async def test_a_note_stands_beside_the_story_and_is_taken_away(newsroom, client, device):
    story = await held(newsroom)
    words = {"say-en": "Seen before.\r\nTwice.", "say-ko": "전에 본 것."}
    await touch(client, await shown(client, "/desk/queue"), path(story, "note"), device, **words)
    note = (await held(newsroom)).marks.note
    assert (note.words, note.editor) == ((("en", "Seen before.\nTwice."), ("ko", "전에 본 것.")), "Ann")
    page = await shown(client, "/desk/queue")
    assert "Note by Ann, editor" in page.text()
    done = await touch(client, page, path(story, "note"), device)
    assert done.headers["location"].endswith("did=unnote")
    assert (await held(newsroom)).marks.note is None
    kept = audited(newsroom, "note")
    assert [bool(a["note"]) for *_, a in kept] == [True, False]
    assert "Seen" not in json.dumps(kept)


async def test_a_note_that_is_too_long_is_refused_and_that_stands_in_the_audit(newsroom, client, device):
    story = await held(newsroom)
    page = await shown(client, "/desk/queue")
    done = await touch(client, page, path(story, "note"), device, **{"say-en": "x" * 2001})
    assert done.headers["location"] == "/desk/queue?did=refused"
    assert audited(newsroom, "note")[0][3]["outcome"] == "refused"


async def test_without_a_touch_nothing_is_done_and_nothing_is_lost(newsroom, client, device):
    story = await held(newsroom)
    page = await shown(client, "/desk/queue")
    for verb, said in (("release", {"why": "a\r\nb"}), ("withhold", {}), ("pin", {}), ("note", {"say-en": "\nHi <b>"})):
        answer = await press(client, page, path(story, verb), **said)
        assert answer.status_code == 403
        carried = fields_of(Page.of(answer.text).one("form[data-touch=get]"))
        for name, value in said.items():
            assert carried[name] == value.replace("\r\n", "\n").lstrip("\n")
    assert rulings(newsroom) == []
    assert not [r for r in rows(newsroom, "audit") if r["act"] not in {"add passkey", "sign in"}]
    assert (await held(newsroom)).alert is AlertState.HELD


async def test_the_page_that_asks_again_leads_on(newsroom, client, device):
    story = await held(newsroom)
    answer = await press(client, await shown(client, "/desk/queue"), path(story, "release"), why="two calls")
    done = await touch(client, Page.of(answer.text), path(story, "release"), device)
    assert done.headers["location"] == f"/desk/queue?of={story.id}&did=released"
    assert rulings(newsroom) == [("release", "Ann", "two calls")]


@pytest.mark.parametrize(
    "other",
    [
        {"act": "withhold"},
        {"thing": "another release"},
        {"why": "other words"},
        {"extra": "field"},
    ],
)
async def test_what_was_signed_for_something_else_does_nothing(newsroom, client, device, other):
    story = await held(newsroom)
    page, place = await shown(client, "/desk/queue"), path(story, "release")
    fields = fields_of(form_to(page, place)) | asked(page, place) | {"why": "two calls"}
    told = (await client.post("/desk/challenge", data=fields | other, headers=OWN)).json()
    said = {"nonce": told["nonce"], "credential": device.get(told["publicKey"]), "why": "two calls"}
    assert (await press(client, page, place, **said)).status_code == 403
    assert rulings(newsroom) == []


async def test_a_touch_releases_once(newsroom, client, device):
    story = await held(newsroom)
    page, place = await shown(client, "/desk/queue"), path(story, "pin")
    told = await challenged(client, page, place)
    said = {"nonce": told["nonce"], "credential": device.get(told["publicKey"])}
    assert (await press(client, page, place, **said)).status_code == 303
    assert (await press(client, page, place, **said)).status_code == 403


async def test_a_touch_is_good_for_two_minutes(newsroom, client, device):
    story = await held(newsroom)
    page, place = await shown(client, "/desk/queue"), path(story, "release")
    told = await challenged(client, page, place)
    said = {"nonce": told["nonce"], "credential": device.get(told["publicKey"])}
    newsroom.clock.now += timedelta(minutes=2)
    assert (await press(client, page, place, **said)).status_code == 403
    assert rulings(newsroom) == []


async def test_another_editors_key_does_nothing_in_my_session(newsroom, client, device):
    story = await held(newsroom)
    async with browser(newsroom) as other:
        bens = await enrolled(newsroom, other, "Ben Lee")
    place = path(story, "release")
    answer = await touch(client, await shown(client, "/desk/queue"), place, bens)
    assert answer.status_code == 403
    assert "did not work" in Page.of(answer.text).text(".problems")
    assert rulings(newsroom) == []


async def test_a_signature_of_another_session_of_mine_does_nothing(newsroom, client, device):
    story = await held(newsroom)
    place = path(story, "release")
    async with browser(newsroom) as other:
        await touch(other, await shown(other, "/desk/sign-in"), "/desk/sign-in", device)
        theirs = await shown(other, "/desk/queue")
        told = await challenged(other, theirs, place)
    said = {"nonce": told["nonce"], "credential": device.get(told["publicKey"])}
    assert (await press(client, await shown(client, "/desk/queue"), place, **said)).status_code == 403


async def test_with_two_persons_it_takes_two_editors_with_two_keys(tmp_path):
    config = at_the_desk(tmp_path)
    two = config.model_copy(update={"alerts": config.alerts.model_copy(update={"persons": 2})})
    async with empty_newsroom(tmp_path, two) as newsroom:
        await tell_samples(newsroom)
        await newsroom.publish()
        story = await held(newsroom)
        async with browser(newsroom) as ann, browser(newsroom) as ben:
            anns, bens = await signed_in(newsroom, ann), await signed_in(newsroom, ben, "Ben Lee")
            place = path(story, "release")
            first = await touch(ann, await shown(ann, "/desk/queue"), place, anns)
            again = await touch(ann, await shown(ann, "/desk/queue?lang=en"), place, anns)
            assert [a.headers["location"][-12:] for a in (first, again)] == ["needs-second", "=same-person"]
            page = await shown(ben, "/desk/queue?lang=en")
            assert "Released by Ann" in page.text("article.held")
            done = await touch(ben, page, place, bens)
            assert done.headers["location"].endswith("did=released")
            late = await ann.get("/desk/queue?did=already-sent")
            assert "faster" in late.text


async def test_who_was_slower_is_told(newsroom, client, device):
    story = await held(newsroom)
    page = await shown(client, "/desk/queue")
    await newsroom.rulings.withhold(story.id, "Ben Lee")
    done = await touch(client, page, path(story, "release"), device)
    assert done.headers["location"] == "/desk/queue?did=not-waiting"
    assert "does not wait any more" in (await shown(client, done.headers["location"])).text()


async def test_a_story_that_is_not_there_has_no_buttons(newsroom, client, device):
    fields = fields_of(form_to(await shown(client, "/desk/"), "/desk/sign-out"))
    for place in ("/desk/stories/none/release", f"/desk/stories/{(await held(newsroom)).id}/explode"):
        assert (await client.post(place, data=fields, headers=OWN)).status_code == 404


async def test_the_front_tells_what_waits(newsroom, client, device):
    page = await shown(client, "/desk/")
    counts = [b.text for b in page.all(".waits b")]
    assert counts[0] == "1"
    assert len(counts) == 5
    assert "add passkey" in page.text(".done")


async def test_texts_from_outside_stay_texts(newsroom, client, device):
    story = await held(newsroom)
    evil = "<script>alert(1)</script><img src=x onerror=alert(1)>\u202e \u200b"
    with_evil = {"title": f"{evil} 실종", "text": f"{evil} " * 3, "url": "javascript:alert(1)"}
    one = replace(story.lead.statement, **with_evil)
    bent = replace(story, reports=(replace(story.lead, statement=one),))

    class Bent:
        def __getattr__(self, name):
            return getattr(newsroom.statements, name)

        async def held_alerts(self):
            return [bent]

    async with browser(replace(newsroom, statements=Bent())) as other:
        other.headers["cookie"] = "; ".join(f"{k}={v}" for k, v in client.cookies.items())
        answer = await other.get("/desk/queue")
        page = Page.of(answer.text)
        assert page.all("article script, article img, article [onerror]") == []
        assert not [a for a in page.all("article a") if a.get("href").startswith("javascript")]
        assert "\u202e" not in answer.text
        assert "\u200b" not in answer.text
        assert "edited the text since it was read" in page.text("article.held")


async def test_the_longest_words_in_every_language_fit(newsroom, client, device):
    story = await held(newsroom)
    words = {f"say-{code}": "가" * 2000 for code in ("en", "ko", "ja", "fr")}
    done = await touch(client, await shown(client, "/desk/queue"), path(story, "note"), device, **words)
    assert done.headers["location"] == "/desk/queue?did=note"
    assert len((await held(newsroom)).marks.note.words) == 4


async def test_what_failed_on_the_way_stands_in_the_audit_too(newsroom, client):
    class Broken:
        async def release(self, *_, **__):
            raise OSError("disk full")

    story = await held(newsroom)
    acts = replace(newsroom.editors.acts, rulings=Broken())
    with pytest.raises(OSError, match="disk full"):
        await acts.release(story.id, "Ann")
    ((*_, before, after),) = audited(newsroom, "release")
    assert (before["alert"], after["outcome"]) == ("held", "failed")


async def test_every_act_has_its_row(newsroom):
    acts, story = newsroom.editors.acts, await held(newsroom)
    say = (("en", "It was wrong."),)
    await acts.hold(story.id, "Ann")
    await acts.hold(story.id, "Ann", on=False)
    await acts.drop(story.id, "Ann")
    await acts.withdraw(story.id, say, "Ann")
    await acts.correct_alert(story.id, say, "Ann")
    await acts.stop(story.id, "Ann", "a mistake")
    await acts.pin("none", "Ann")
    kept = [(r["act"], json.loads(r["after"])["outcome"]) for r in rows(newsroom, "audit")]
    assert kept == [
        ("hold", "done"), ("hold", "done"), ("drop", "done"), ("withdraw", "never-told"), ("correct", "never-told"),
        ("stop", "stopped"), ("pin", "refused"),
    ]  # fmt: skip
    assert "wrong" not in json.dumps(kept)
    assert (await newsroom.editors.audit.verify()).problems == ()


# Readings


async def test_a_reading_that_is_right_needs_one_word(newsroom, client, device):
    page = await shown(client, "/desk/readings")
    forms = page.all("article form")
    assert forms
    place = forms[0].get("action")
    done = await client.post(place, data=fields_of(forms[0]) | ticked(forms[0]), headers=OWN)
    assert done.headers["location"] == "/desk/readings?did=corrected"
    after = await shown(client, "/desk/readings")
    assert len(after.all("article form")) == len(forms) - 1
    ((editor, thing, before, kept),) = audited(newsroom, "correct reading")
    assert (editor, thing) == ("Ann", place.split("/")[3])
    assert before == kept


def ticked(form, **said):
    """Ticked boxes of a form, as httpx sends them."""
    themes = [b.get("value") for b in form.cssselect("[name=themes][checked]")]
    return {"themes": themes} | said


async def test_themes_are_corrected_and_stay_so(newsroom, client, device):
    form = (await shown(client, "/desk/readings")).all("article form")[0]
    said = fields_of(form) | {"themes": ["labour", "nothing"], "why": "read it"}
    done = await client.post(form.get("action"), data=said, headers=OWN)
    assert done.status_code == 303
    (filed,) = await newsroom.readings.in_force()
    assert [f.code for f in filed.in_force.themes] == ["labour"]
    assert filed.correction.urgency is None
    assert (filed.correction.editor, filed.correction.note) == ("Ann", "read it")


async def test_what_is_not_on_north_korea_leaves_its_story(newsroom, client, device):
    form = (await shown(client, "/desk/readings")).all("article form")[0]
    done = await client.post(form.get("action"), data=fields_of(form) | {"about": "no"}, headers=OWN)
    assert done.headers["location"].endswith("corrected")
    (filed,) = await newsroom.readings.in_force()
    assert not filed.in_force.about_nk
    assert filed.story_id == ""


async def test_words_are_marked_as_what_they_decided_and_not_as_more(newsroom, client, device):
    await tell_samples(newsroom)
    said = set()
    for article in (await shown(client, "/desk/readings")).all("article"):
        (level,) = [one.get("value") for one in article.cssselect("[name=urgency][checked]")]
        said |= {(level, mark.text.strip()) for mark in article.cssselect("mark.urgency small")}
    assert ("notable", "notable") in said
    assert all(level == label for level, label in said)


async def test_to_call_something_urgent_needs_a_touch(newsroom, client, device):
    forms = (await shown(client, "/desk/readings")).all("article form")
    form = next(f for f in forms if fields_of(f)["urgency"] != "urgent")
    said = fields_of(form) | ticked(form) | {"urgency": "urgent"}
    answer = await client.post(form.get("action"), data=said, headers=OWN)
    assert answer.status_code == 403
    assert await newsroom.readings.in_force() == []
    page = Page.of(answer.text)
    carried = page.one("form[data-touch=get]")
    fields = {}
    for one in carried.cssselect("input[name], textarea[name]"):
        fields.setdefault(one.get("name"), []).append(one.get("value") or (one.text or "").lstrip("\n"))
    asked_for = fields | {"act": carried.get("data-act"), "thing": carried.get("data-thing")}
    told = (await client.post("/desk/challenge", data=asked_for, headers=OWN)).json()
    touched = fields | {"nonce": told["nonce"], "credential": device.get(told["publicKey"])}
    done = await client.post(form.get("action"), data=touched, headers=OWN)
    assert done.headers["location"].endswith("corrected")
    (filed,) = await newsroom.readings.in_force()
    assert filed.in_force.urgency.name == "URGENT"


async def test_a_statement_that_is_not_there_is_not_corrected(newsroom, client, device):
    fields = fields_of(form_to(await shown(client, "/desk/"), "/desk/sign-out"))
    answer = await client.post("/desk/statements/none/correct", data=fields, headers=OWN)
    assert answer.status_code == 404


async def test_the_desk_speaks_the_editors_language(newsroom):
    async with browser(newsroom) as ben:
        await signed_in(newsroom, ben, "Ben Lee")
        assert Page.of((await ben.get("/desk/")).text).language == "ko"
    assert DESK.startswith("http://localhost")
