"""Editors let alerts go, keep them back, stop them, and take back what was wrong; each once."""

from dataclasses import replace
from datetime import timedelta

import pytest

from nkwatch.domain.bulletin import BulletinKind
from nkwatch.domain.delivery import DeliveryState
from nkwatch.domain.desk import RulingKind
from nkwatch.domain.lease import Lease
from nkwatch.domain.statement import Presence
from nkwatch.domain.story import AlertState
from nkwatch.domain.subscriber import QuietHours
from nkwatch.domain.wish import Mutes
from nkwatch.workflow.ruled import Affected, Outcome, Ruled
from tests.making import NOW
from tests.workflow.fakes import CrashError, CrashingOutbox
from tests.workflow.wire import LATER, Wire

WORDS = [("en", "Nobody was arrested."), ("ko", "아무도 체포되지 않았다.")]
CORRECTION = BulletinKind.ALERT_CORRECTION


@pytest.fixture
def wire() -> Wire:
    """An empty store on a Sunday at 7:00 UTC."""
    return Wire()


async def held(wire: Wire, name: str = "s1", **fields: object) -> None:
    """An alert that waits for an editor."""
    await wire.story(name, source_id="b", **fields)  # type: ignore[arg-type]
    await wire.alerts()
    wire.clock.forward(minutes=1)


async def told(wire: Wire, *readers: str) -> dict[str, str]:
    """An alert that these readers have; answers their ids by name."""
    ids = {name: await wire.reader(name) for name in readers}
    await wire.story("s1")
    await wire.alerts()
    await wire.hand_over()
    wire.clock.forward(minutes=1)
    return ids


# Release


async def test_a_held_alert_is_released_and_leaves_with_the_next_round(wire: Wire) -> None:
    await wire.reader("ann")
    await held(wire)
    assert await wire.rulings().release("s1", "Kim", "confirmed by phone") == Ruled(Outcome.RELEASED)
    await wire.alerts()
    assert wire.sent == [("ann", "alert s1")]
    assert wire.alert("s1") == (AlertState.SENT, "released by Kim")
    assert [(r.kind, r.editor, r.note) for r in wire.ruled] == [(RulingKind.RELEASE, "Kim", "confirmed by phone")]


async def test_with_two_persons_it_takes_two(wire: Wire) -> None:
    await wire.reader("ann")
    await held(wire)
    rulings = wire.rulings(persons=2)
    assert (await rulings.release("s1", "Kim")).outcome is Outcome.NEEDS_SECOND
    assert (await rulings.release("s1", " KIM ")).outcome is Outcome.SAME_PERSON
    await wire.alerts()
    assert (wire.sent, wire.alert("s1")[0]) == ([], AlertState.HELD)
    assert (await rulings.release("s1", "Lee")).outcome is Outcome.RELEASED
    assert wire.alert("s1") == (AlertState.RELEASED, "released by Kim and Lee")
    assert [r.editor for r in wire.ruled] == ["Kim", "Lee"]


async def test_two_persons_must_have_names(wire: Wire) -> None:
    await held(wire)
    assert (await wire.rulings(persons=2).release("s1", " ")).outcome is Outcome.UNSIGNED
    assert (await wire.rulings(persons=1).release("s1", "")).done


async def test_a_no_resets_what_the_first_person_said(wire: Wire) -> None:
    await held(wire)
    rulings = wire.rulings(persons=2)
    await rulings.release("s1", "Kim")
    await rulings.withhold("s1", "Lee")
    assert (await rulings.release("s1", "Park")).outcome is Outcome.NOT_WAITING
    await wire.statements.record_alert("s1", AlertState.HELD, "asked again", NOW)
    assert (await rulings.release("s1", "Park")).outcome is Outcome.NEEDS_SECOND


async def test_what_two_persons_said_of_an_alert_says_nothing_of_its_update(wire: Wire) -> None:
    await wire.reader("ann")
    rulings = wire.rulings(persons=2)
    await held(wire, people=3)
    for people, name in ((9, "s2"), (30, "s3"), (0, "")):
        assert (await rulings.release("s1", "Kim")).outcome is Outcome.NEEDS_SECOND
        assert (await rulings.release("s1", "Lee")).outcome is Outcome.RELEASED
        await wire.alerts()
        wire.clock.forward(hours=1)
        if name:
            await held(wire, name, joins="s1", people=people)
    assert wire.alert("s1")[0] is AlertState.SENT
    assert len(wire.sent) == 3


async def test_what_one_person_said_when_one_was_enough_is_not_half_of_two(wire: Wire) -> None:
    await wire.reader("ann")
    await held(wire, people=3)
    await wire.rulings(persons=1).release("s1", "Kim")
    await wire.alerts()
    wire.clock.forward(hours=1)
    await held(wire, "s2", joins="s1", people=9)
    assert (await wire.rulings(persons=2).release("s1", "Lee")).outcome is Outcome.NEEDS_SECOND


async def test_a_release_that_comes_too_late_says_so(wire: Wire) -> None:
    rulings = wire.rulings()
    assert (await rulings.release("nothing", "Kim")).outcome is Outcome.NO_STORY
    await wire.story("calm", urgent=False)
    assert (await rulings.release("calm", "Kim")).outcome is Outcome.NOT_WAITING
    await held(wire)
    await rulings.release("s1", "Kim")
    assert (await rulings.release("s1", "Lee")).outcome is Outcome.ALREADY_SENT
    await wire.alerts()
    again = await rulings.release("s1", "Lee")
    assert (again.outcome, again.done) == (Outcome.ALREADY_SENT, False)
    assert len(wire.ruled) == 1


async def test_who_is_overtaken_by_another_editor_is_told(wire: Wire) -> None:
    await held(wire)
    rule = wire.desk.rule

    async def overtaken(*facts: object) -> object:
        await wire.statements.record_alert("s1", AlertState.RELEASED, "released by Lee", NOW)
        return await rule(*facts)  # type: ignore[arg-type]

    wire.desk.rule = overtaken  # type: ignore[method-assign, assignment]
    assert (await wire.rulings().release("s1", "Kim")).outcome is Outcome.ALREADY_SENT
    assert wire.alert("s1")[1] == "released by Lee"


# Withhold


async def test_a_held_alert_is_withheld_for_good(wire: Wire) -> None:
    await wire.reader("ann")
    await held(wire)
    assert await wire.rulings().withhold("s1", "Kim", "a hoax") == Ruled(Outcome.WITHHELD)
    assert wire.alert("s1") == (AlertState.WITHHELD, "withheld by Kim")
    await held(wire, "s2", joins="s1")
    assert wire.alert("s1")[0] is AlertState.WITHHELD
    assert [r.kind for r in wire.ruled] == [RulingKind.WITHHOLD]


async def test_what_does_not_wait_cannot_be_withheld(wire: Wire) -> None:
    assert (await wire.rulings().withhold("nothing", "Kim")).outcome is Outcome.NO_STORY
    await told(wire, "ann")
    assert (await wire.rulings().withhold("s1", "Kim")).outcome is Outcome.ALREADY_SENT


async def test_an_update_that_is_withheld_leaves_the_alert_sent(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1", people=3)
    await wire.alerts()
    await held(wire, "s2", joins="s1", people=9)
    assert (await wire.rulings().withhold("s1", "Kim")).done
    assert wire.alert("s1") == (AlertState.SENT, "withheld by Kim")
    await wire.alerts()
    assert len(wire.sent) == 1


# Stop


async def test_stop_cancels_everything_that_was_not_handed_over(wire: Wire) -> None:
    for name in ("ann", "bo"):
        await wire.reader(name)
    await wire.reader("cy", quiet=QuietHours(6, 9))
    await wire.story("s1")
    await wire.alerts()
    await wire.hand_over(limit=1)
    wire.clock.forward(minutes=1)
    # one is with the relay, one waits for it, one for the end of quiet hours
    assert await wire.rulings().stop("s1", "Kim") == Ruled(Outcome.STOPPED, cancelled=2)
    assert wire.sent == [("ann", "alert s1")]
    assert wire.alert("s1") == (AlertState.SENT, "a is a primary source that may raise alerts")
    wire.clock.forward(hours=9)
    await wire.alerts()
    assert await wire.hand_over() == 0
    assert (await wire.rulings().stop("s1", "Kim")).cancelled == 0


@pytest.mark.parametrize("state", [AlertState.OPEN, AlertState.HELD, AlertState.RELEASED])
async def test_an_alert_that_is_stopped_before_it_leaves_is_withheld(wire: Wire, state: AlertState) -> None:
    await wire.reader("ann")
    await wire.story("s1")
    await wire.statements.record_alert("s1", state, "so it was", NOW)
    assert (await wire.rulings().stop("s1", "Kim")).done
    assert wire.alert("s1") == (AlertState.WITHHELD, "stopped by Kim")
    await wire.alerts()
    assert wire.sent == []


async def test_an_update_that_is_stopped_leaves_the_alert_sent(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1", people=3)
    await wire.alerts()
    await wire.hand_over()
    await held(wire, "s2", joins="s1", people=9)
    assert (await wire.rulings().stop("s1", "Kim")).done
    assert wire.alert("s1") == (AlertState.SENT, "stopped by Kim")


async def test_what_is_no_alert_cannot_be_stopped(wire: Wire) -> None:
    assert (await wire.rulings().stop("nothing", "Kim")).outcome is Outcome.NO_STORY
    await wire.story("calm", urgent=False)
    assert (await wire.rulings().stop("calm", "Kim")).outcome is Outcome.NOT_WAITING
    assert wire.ruled == []


async def test_an_alert_whose_source_took_it_back_can_still_be_stopped(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1")
    await wire.alerts()
    wire.memory.statements["s1"] = replace(wire.memory.statements["s1"], presence=Presence.MISSING)
    assert await wire.rulings().stop("s1", "Kim") == Ruled(Outcome.STOPPED, cancelled=1)


# Withdraw and correct


async def test_a_withdrawal_goes_to_who_has_the_alert_and_answers_it(wire: Wire) -> None:
    await told(wire, "ann", "bo")
    await wire.reader("new")
    mails = {wire.name(r.subscriber_id): r.delivery.message_id for r in wire.memory.deliveries}
    assert await wire.rulings().withdraw("s1", WORDS, "Kim") == Ruled(Outcome.WITHDRAWN, told=2)
    expected = "alert-correction s1 Nobody was arrested."
    assert wire.sent[2:] == [("ann", expected), ("bo", expected)]
    assert wire.answers(CORRECTION) == mails
    assert all(r.composition.subject.startswith("withdrawn 1 by 2") for r in wire.memory.deliveries[2:])
    (story,) = await wire.statements.stories(["s1"])
    assert story.marks.withdrawn
    assert story.marks.correction is not None
    assert (story.marks.correction.editor, story.marks.correction.words) == ("Kim", tuple(WORDS))
    assert wire.memory.opened[2].answers == 1


async def test_each_reader_is_told_in_the_words_of_the_own_language(wire: Wire) -> None:
    await wire.reader("ko", language="ko")
    await wire.reader("ja", language="ja")
    await told(wire)
    assert (await wire.rulings().correct("s1", WORDS, "Kim")).told == 2
    words = {who: what for who, what in wire.sent if what.startswith("alert-correction")}
    assert words == {
        "ko": "alert-correction s1 아무도 체포되지 않았다.",
        "ja": "alert-correction s1 Nobody was arrested.",
    }


async def test_the_same_words_again_tell_nobody_again(wire: Wire) -> None:
    await told(wire, "ann")
    rulings = wire.rulings()
    assert (await rulings.correct("s1", WORDS, "Kim")).told == 1
    wire.clock.forward(hours=1)
    assert await rulings.correct("s1", WORDS, "Kim") == Ruled(Outcome.CORRECTED)
    assert [r.kind for r in wire.ruled if r.kind is RulingKind.CORRECT] == [RulingKind.CORRECT]
    # other words are another correction, and so is a withdrawal in the same words
    assert (await rulings.correct("s1", [("en", "Two were.")], "Kim")).told == 1
    wire.clock.forward(hours=1)
    assert (await rulings.withdraw("s1", WORDS, "Kim")).told == 1
    # what was said last stands beside the story, whatever is said again
    assert not (await rulings.correct("s1", WORDS, "Kim")).told
    (story,) = await wire.statements.stories(["s1"])
    assert story.marks.correction is not None
    assert story.marks.correction.at == wire.clock.now
    keys = [key for key in wire.memory.bulletins if key.startswith("correction")]
    assert keys == ["correction s1 1", "correction s1 2", "correction s1 3"]


async def test_a_correction_stops_what_is_unsent_and_tells_only_who_may_have_it(wire: Wire) -> None:
    for name in ("ann", "bo", "cy", "di"):
        await wire.reader(name)
    await wire.reader("ed", quiet=QuietHours(6, 9))
    await wire.story("s1")
    await wire.alerts()
    await wire.hand_over(limit=1)
    # bo's mail is on its way; cy's was put off; di's was not tried
    await wire.begin(1, Lease("worker", NOW + timedelta(minutes=5)))
    await wire.hand_over(LATER, limit=1)
    wire.clock.forward(minutes=1)
    assert await wire.rulings().affected("s1") == Affected((1,), readers=2)
    assert await wire.rulings().correct("s1", WORDS, "Kim") == Ruled(Outcome.CORRECTED, cancelled=4, told=2)
    assert [who for who, what in wire.sent if what.startswith("alert-correction")] == ["ann", "bo"]
    # nor does anything of the alert leave any more
    wire.clock.forward(hours=9)
    await wire.alerts()
    await wire.hand_over()
    left = [r for r in wire.memory.deliveries if r.delivery.state is DeliveryState.SENT]
    assert [(wire.name(r.subscriber_id), r.kind) for r in left] == [
        ("ann", BulletinKind.ALERT),
        ("ann", CORRECTION),
        ("bo", CORRECTION),
    ]


async def test_who_may_have_it_since_a_process_died_is_told(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1")
    await wire.alerts()
    await wire.begin(1, Lease("worker", NOW + timedelta(minutes=1)))
    await wire.outbox.recover(NOW + timedelta(minutes=1))
    wire.clock.forward(minutes=1)
    assert await wire.rulings().withdraw("s1", WORDS, "Kim") == Ruled(Outcome.WITHDRAWN, cancelled=1, told=1)


async def test_a_correction_heeds_neither_cap_nor_quiet_hours_nor_mutes_nor_pauses(wire: Wire) -> None:
    wire.allow(per_day=1)
    ids = await told(wire, "ann", "bo", "cy", "di", "ed")
    wire.choose(ids["ann"], quiet=QuietHours(6, 9))
    wire.choose(ids["bo"], mutes=Mutes(sources=frozenset({"a"})))
    wire.choose(ids["cy"], alerts=False)
    await wire.subscribers.pause(ids["di"], NOW + timedelta(days=1), NOW)
    await wire.subscribers.end(ids["ed"], "left", NOW)
    assert (await wire.rulings().withdraw("s1", WORDS, "Kim")).told == 4
    assert await wire.hand_over() == 3
    # paused, it comes when the pause is over
    wire.clock.forward(days=1)
    assert await wire.hand_over() == 1


async def test_who_got_it_together_with_others_is_told_too(wire: Wire) -> None:
    await wire.reader("ann")
    for name in ("s1", "s2", "s3"):
        await wire.story(name)
    await wire.alerts()
    wire.clock.forward(minutes=5)
    await wire.alerts()
    await wire.hand_over()
    wire.clock.forward(minutes=1)
    assert await wire.rulings().withdraw("s3", WORDS, "Kim") == Ruled(Outcome.WITHDRAWN, told=1)
    together = wire.memory.deliveries[1].delivery.message_id
    assert wire.answers(CORRECTION) == {"ann": together}
    # it is the alert that is corrected, whatever it left with
    assert wire.memory.deliveries[-1].composition.subject.startswith("withdrawn 3 by")


async def test_a_correction_answers_the_last_mail_on_the_story(wire: Wire) -> None:
    await wire.reader("ann")
    await wire.story("s1", people=3)
    await wire.alerts()
    wire.clock.forward(hours=1)
    await wire.story("s2", joins="s1", people=9)
    await wire.alerts()
    await wire.hand_over()
    wire.clock.forward(minutes=1)
    assert (await wire.rulings().correct("s1", WORDS, "Kim")).told == 1
    assert wire.answers(CORRECTION) == {"ann": wire.memory.deliveries[1].delivery.message_id}


async def test_what_was_told_to_nobody_cannot_be_taken_back(wire: Wire) -> None:
    rulings = wire.rulings()
    assert (await rulings.withdraw("nothing", WORDS, "Kim")).outcome is Outcome.NO_STORY
    await held(wire)
    assert (await rulings.withdraw("s1", WORDS, "Kim")).outcome is Outcome.NEVER_TOLD
    assert wire.ruled == []
    assert await rulings.affected("s1") == Affected((), readers=0)


async def test_a_correction_needs_words_and_a_name(wire: Wire) -> None:
    await told(wire, "ann")
    rulings = wire.rulings()
    assert (await rulings.correct("s1", WORDS, "  ")).outcome is Outcome.UNSIGNED
    assert (await rulings.correct("s1", [], "Kim")).outcome is Outcome.UNSAID
    assert (await rulings.correct("s1", [*WORDS, ("ja", " ")], "Kim")).outcome is Outcome.UNSAID
    assert len(wire.sent) == 1


async def test_an_alert_whose_source_took_it_back_can_still_be_withdrawn(wire: Wire) -> None:
    await told(wire, "ann")
    wire.memory.statements["s1"] = replace(wire.memory.statements["s1"], presence=Presence.HIDDEN)
    assert await wire.rulings().withdraw("s1", WORDS, "Kim") == Ruled(Outcome.WITHDRAWN, told=1)


async def test_nothing_more_is_told_by_rule_of_what_was_withdrawn(wire: Wire) -> None:
    await told(wire, "ann")
    await wire.rulings().withdraw("s1", WORDS, "Kim")
    wire.clock.forward(hours=1)
    await wire.story("s2", joins="s1", people=9)
    assert (await wire.alerts()).held == 1
    assert len(wire.sent) == 2


async def test_whose_correction_cannot_be_composed_is_told_once_the_template_is_right(wire: Wire) -> None:
    await wire.reader("ko", language="ko")
    await told(wire, "ann")
    wire.composer.wrong = {"ko"}
    assert await wire.rulings().correct("s1", WORDS, "Kim") == Ruled(Outcome.CORRECTED, told=1, lacking=1)
    assert wire.notices.events == ["correction not composed"]
    wire.composer.wrong = set()
    assert await wire.rulings().correct("s1", WORDS, "Kim") == Ruled(Outcome.CORRECTED, told=1)


@pytest.mark.parametrize("written", [False, True])
@pytest.mark.parametrize("at_call", [1, 2, 3])
async def test_a_correction_that_dies_half_way_is_finished_by_the_same_command(
    wire: Wire, at_call: int, written: bool
) -> None:
    await told(wire, *(f"r{n}" for n in range(5)))
    wire.outbox.page = 2
    dying = CrashingOutbox(wire.memory, at_call, written=written)
    dying.page = 2
    with pytest.raises(CrashError):
        await replace(wire.rulings(), outbox=dying).withdraw("s1", WORDS, "Kim")
    wire.clock.forward(minutes=5)
    assert (await wire.rulings().withdraw("s1", WORDS, "Kim")).done
    told_now = [who for who, what in wire.sent if what.startswith("alert-correction")]
    assert sorted(told_now) == [f"r{n}" for n in range(5)]
    assert len({r.number for r in wire.memory.deliveries if r.kind is CORRECTION}) == 1
