"""Where providers report: a good token is answered alike whatever is reported, everything else is no page at all."""

import json
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from starlette.responses import PlainTextResponse

from nkwatch.domain.bounce import Bounce
from nkwatch.keys import Keyring
from nkwatch.mail.bounces.hooks import ReportHook, hooks, path_of
from nkwatch.web.bounces import Hooks
from nkwatch.web.problems import Problem
from nkwatch.web.shell import Shell
from nkwatch.web.values import LARGEST_REPORT
from nkwatch.workflow.told import Telling
from tests.workflow.fakes import FakeClock, Notices

RING = Keyring({1: b"k" * 32}, 1)
SITE = "https://watch.example"
SENT = [{"event": "spamreport", "email": "ann@inbox.example", "sg_message_id": "abc.filter1"}]
CONFIRM = "https://sns.eu-central-1.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37"


class PlainPages:
    """Pages that say what the problem is."""

    def problem(self, request: Any, problem: Problem) -> PlainTextResponse:
        return PlainTextResponse(problem.title, problem.status)


class FakeBounces:
    """Keeps what was reported; may fail."""

    def __init__(self, telling: Telling) -> None:
        self.telling = telling
        self.reported: list[Bounce] = []
        self.broken = False

    async def report(self, events: tuple[Bounce, ...]) -> None:
        if self.broken:
            raise OSError("the database is gone")
        self.reported += events


class Place:
    """The site, as far as providers know it."""

    def __init__(self, reports: int = 999, **keys: str) -> None:
        self.clock, self.notices = FakeClock(), Notices()
        self.bounces = FakeBounces(Telling(self.notices, self.clock))
        self.hooks: dict[str, ReportHook] = hooks(["ses", "postmark", "mailgun", "sendgrid"], keys)
        self.pages = PlainPages()
        app = FastAPI(openapi_url=None, redirect_slashes=False)
        app.add_middleware(Shell, answer=self.pages.problem, site=SITE)
        app.router.routes.extend(Hooks(self.pages, RING, self.clock, self.hooks, self.bounces, reports).routes())
        self.app = app
        self.client = httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url=SITE)

    async def post(self, provider: str, told: Any, path: str = "", **how: Any) -> httpx.Response:
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        return await self.client.post(path or path_of(RING, provider), content=body, **how)


async def test_what_is_reported_is_acted_upon_and_the_answer_says_nothing() -> None:
    place = Place()
    answer = await place.post("sendgrid", SENT)
    assert (answer.status_code, answer.content) == (204, b"")
    (event,) = place.bounces.reported
    assert "abc" in event.relay_ids


@pytest.mark.parametrize("told", [b"", b"rubbish", {}, [], SENT * 3, {"RecordType": "Bounce", "Email": "nobody@x"}])
@pytest.mark.parametrize("provider", ["ses", "postmark", "mailgun", "sendgrid"])
async def test_whatever_is_reported_the_answer_is_the_same(provider: str, told: Any) -> None:
    answer = await Place().post(provider, told, headers={"Content-Type": "text/plain; charset=UTF-8"})
    assert (answer.status_code, answer.content) == (204, b"")


async def test_without_a_good_token_there_is_no_such_page() -> None:
    place = Place()
    good = path_of(RING, "sendgrid")
    wrong = [
        good[:-1],
        f"{good}x",
        good.replace("sendgrid", "mailgun", 1),
        good.replace("/sendgrid/", "/nobody/"),
        path_of(Keyring({1: b"x" * 32}, 1), "sendgrid"),
        f"/bounces/sendgrid/{RING.token('leave', 'sendgrid')}",
        "/bounces/sendgrid/%00%ff",
        f"/bounces/sendgrid/{'x' * 5000}",
    ]
    for path in wrong:
        assert (await place.post("sendgrid", SENT, path)).status_code == 404
    assert place.bounces.reported == []


async def test_a_provider_that_the_settings_do_not_name_may_not_report() -> None:
    place = Place()
    del place.hooks["ses"]
    assert (await place.post("ses", {})).status_code == 404


async def test_opening_the_address_does_nothing() -> None:
    place = Place()
    assert (await place.client.get(path_of(RING, "ses"))).status_code == 405


async def test_many_events_at_once_are_taken_and_more_than_that_are_not() -> None:
    place = Place()
    assert (await place.post("sendgrid", b" " * (LARGEST_REPORT - 2) + b"[]")).status_code == 204
    assert (await place.post("sendgrid", b" " * (LARGEST_REPORT + 1))).status_code == 413


async def test_a_signature_that_does_not_fit_is_told_to_the_operator_alone() -> None:
    place = Place(mailgun="key")
    for _ in range(3):
        answer = await place.post("mailgun", {"event-data": {"event": "complained", "recipient": "ann@inbox.example"}})
        assert (answer.status_code, answer.content) == (204, b"")
    assert place.bounces.reported == []
    assert place.notices.events == ["a report is not believed"]


async def test_amazons_question_is_passed_to_the_operator() -> None:
    place = Place()
    assert (await place.post("ses", {"Type": "SubscriptionConfirmation", "SubscribeURL": CONFIRM})).status_code == 204
    ((event, facts),) = place.notices.told
    assert (event, facts["provider"]) == ("a webhook waits", "ses")
    assert CONFIRM in str(facts["what"])


async def test_what_could_not_be_written_is_to_be_sent_again() -> None:
    place = Place()
    place.bounces.broken = True
    assert (await place.post("sendgrid", SENT)).status_code == 500
    place.bounces.broken = False
    assert (await place.post("sendgrid", SENT)).status_code == 204
    assert len(place.bounces.reported) == 1


async def test_a_flood_is_turned_away_for_a_minute() -> None:
    place = Place(reports=3)
    for _ in range(3):
        assert (await place.post("ses", b"")).status_code == 204
    assert (await place.post("ses", b"")).status_code == 429
    assert (await place.post("mailgun", b"")).status_code == 204
    place.clock.forward(minutes=1)
    assert (await place.post("ses", b"")).status_code == 204
