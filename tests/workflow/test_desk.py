"""Editors' work: stories are held, pinned, dropped, noted; digests are shown, tested, sent now and corrected."""

from dataclasses import replace
from datetime import timedelta

import pytest

from nkwatch.domain.bulletin import BulletinKind, Window
from nkwatch.domain.delivery import Claimed, Deferred, Message, Sent
from nkwatch.domain.desk import Marks, Note, Translation
from nkwatch.domain.lease import Lease
from nkwatch.domain.statement import Presence
from nkwatch.domain.subscriber import Rhythm, Schedule
from nkwatch.domain.wish import Follows, Wish
from nkwatch.editing.digests import History
from nkwatch.workflow.closing import Digested
from nkwatch.workflow.correct import Refused
from nkwatch.workflow.desk import LONGEST, UNSIGNED, Corrected, Marked
from nkwatch.workflow.proofs import Tried
from tests.making import NOW, choice
from tests.workflow.fakes import PlainAssembler, claim
from tests.workflow.room import EDITORS, Room

DAY = timedelta(days=1)
WORDS = (("en", "The trial was in May."), ("ko", "재판은 5월이었다."))
TODAY = Window(NOW, NOW + DAY)


@pytest.fixture
def room() -> Room:
    """An empty room on a Sunday at 7:00."""
    return Room()


async def delivered(room: Room, limit: int = 100) -> None:
    """Hand over up to `limit` mails."""
    for claimed in await claim(room.outbox, room.clock.now, limit, Lease("test", room.clock.now + DAY)):
        await room.outbox.book([(claimed.delivery, Sent("250 queued"))], (), room.clock.now, "test")


async def sent_digest(room: Room, *readers: str, limit: int = 100) -> int:
    """A digest of one story to these readers, handed over to the first `limit` of them; answers its number."""
    for name in readers:
        await room.reader(name)
    await room.story("s1")
    room.clock.forward(days=1)
    await room.digests()
    await delivered(room, limit)
    return room.memory.deliveries[0].number


def corrections(room: Room) -> list[tuple[str, str, str]]:
    """Who is told what was wrong, and in which mail it was."""
    rows = [r for r in room.memory.deliveries if r.kind is BulletinKind.DIGEST_CORRECTION]
    addresses = {i: r.address.partition("@")[0] for i, r in room.memory.readers.items()}
    return [(addresses[r.subscriber_id], r.composition.subject.partition(":  ")[2], r.addressed.answers) for r in rows]


# Stories


async def test_a_story_is_held_and_freed(room: Room) -> None:
    await room.story("s1")
    assert await room.stories.hold("s1", "Kim") == Marked("s1", Marks(held=True))
    assert await room.stories.hold("s1", "Kim") == Marked("s1", Marks(held=True))
    assert await room.stories.free("s1", "Kim") == Marked("s1", Marks())
    assert await room.stories.free("s1", "Kim") == Refused("the story 's1' is not held", usage=False)


async def test_a_story_is_pinned_and_dropped_and_both_are_undone(room: Room) -> None:
    await room.story("s1")
    assert await room.stories.pin("s1", "Kim") == Marked("s1", Marks(pinned=True))
    assert await room.stories.drop("s1", "Kim") == Marked("s1", Marks(pinned=True, dropped=True))
    assert await room.stories.pin("s1", "Kim", on=False) == Marked("s1", Marks(dropped=True))
    assert await room.stories.drop("s1", "Kim", on=False) == Marked("s1", Marks())


async def test_a_note_is_signed_and_is_taken_away_by_none(room: Room) -> None:
    await room.story("s1")
    note = Note((("en", "Seen by us."),), "Kim", NOW)
    assert await room.stories.note("s1", [("en", " Seen by us. ")], "Kim ") == Marked("s1", Marks(note=note))
    assert await room.stories.note("s1", [], "Kim") == Marked("s1", Marks())


async def test_nothing_is_said_of_a_story_that_does_not_exist(room: Room) -> None:
    nothing = Refused("no story has the id 's9'", usage=False)
    desk = room.stories
    said = [desk.hold("s9", "Kim"), desk.free("s9", "Kim"), desk.pin("s9", "Kim"), desk.drop("s9", "Kim")]
    assert [await one for one in (*said, desk.note("s9", [("en", "x")], "Kim"))] == [nothing] * 5


async def test_a_story_whose_reports_are_hidden_is_marked_all_the_same(room: Room) -> None:
    await room.story("s1")
    room.memory.statements["s1"] = replace(room.memory.statements["s1"], presence=Presence.HIDDEN)
    assert await room.stories.drop("s1", "Kim") == Marked("s1", Marks())
    assert room.memory.stories["s1"].marks.dropped


@pytest.mark.parametrize(
    ("words", "editor", "why"),
    [
        ([("en", "x")], " ", UNSIGNED),
        ([("en", "x"), ("ko", " ")], "Kim", "without words"),
        ([("en", "x"), ("en", "y")], "Kim", "twice"),
        ([("en", "x" * (LONGEST + 1))], "Kim", "more than"),
    ],
)
async def test_words_that_cannot_be_shown_are_refused(
    room: Room, words: list[tuple[str, str]], editor: str, why: str
) -> None:
    await room.story("s1")
    noted, corrected = (
        await room.stories.note("s1", words, editor),
        await room.digest_desk.correct_digest(1, words, editor),
    )
    assert noted == corrected
    assert isinstance(noted, Refused)
    assert why in noted.reason
    assert noted.usage


async def test_a_translation_is_signed_and_is_taken_away_by_an_empty_one(room: Room) -> None:
    await room.story("s1")
    given = Translation("s1", "fr", "Une famille a disparu", "Trois personnes.", "Kim", NOW)
    assert await room.stories.translate("s1", "fr", "Une famille a disparu ", "Trois personnes.", "Kim") == given
    (story,) = await room.statements.stories(["s1"])
    assert story.translation("fr") == given
    await room.stories.translate("s1", "fr", "", "", "")
    (story,) = await room.statements.stories(["s1"])
    assert story.translation("fr") is None


@pytest.mark.parametrize(
    ("statement", "title", "editor", "why"),
    [("s1", "", "Kim", "needs a title"), ("s1", "Titre", " ", UNSIGNED), ("s9", "Titre", "Kim", "no statement has")],
)
async def test_a_translation_that_cannot_be_shown_is_refused(
    room: Room, statement: str, title: str, editor: str, why: str
) -> None:
    await room.story("s1")
    refused = await room.stories.translate(statement, "fr", title, "Trois personnes.", editor)
    assert isinstance(refused, Refused)
    assert why in refused.reason


# Sending now


async def test_the_digests_of_a_rhythm_are_sent_now(room: Room) -> None:
    await room.reader("ann", Schedule(Rhythm.WEEKLY, 6, weekday=3))
    await room.reader("bo")
    await room.story("s1")
    room.clock.forward(hours=2)
    foreseen = await room.digest_desk.send_now(Rhythm.WEEKLY, dry=True)
    assert (foreseen, room.sent) == (Digested(digests=1, deliveries=1), [])
    assert await room.digest_desk.send_now(Rhythm.WEEKLY) == foreseen
    assert room.sent == [("ann", "digest s1")]


async def test_who_has_no_rhythm_has_nothing_that_could_be_sent_now(room: Room) -> None:
    assert isinstance(await room.digest_desk.send_now(Rhythm.NONE), Refused)


# Corrections


async def test_a_correction_goes_to_who_got_the_digest_or_may_have_got_it(room: Room) -> None:
    number = await sent_digest(room, "ann", "bo", "cy", "di", limit=1)
    await room.reader("new")
    # bo's is on its way; cy's and di's are not
    claimed = await claim(room.outbox, room.clock.now, 1, Lease("test", room.clock.now + DAY))
    await room.outbox.book((), claimed, room.clock.now, "test")
    first, second = (r.delivery.message_id for r in room.memory.deliveries[:2])
    assert await room.digest_desk.correct_digest(number, WORDS, "Kim", dry=True) == Corrected(readers=2)
    assert corrections(room) == []
    assert await room.digest_desk.correct_digest(number, WORDS, "Kim") == Corrected(readers=2, told=2)
    said = "The trial was in May."
    assert corrections(room) == [("ann", said, first), ("bo", said, second)]
    assert {r.mailing.answers for r in room.memory.deliveries if r.kind.corrects} == {number}


async def test_the_same_correction_again_reaches_only_who_got_the_digest_since(room: Room) -> None:
    number = await sent_digest(room, "ann", "bo", limit=1)
    assert await room.digest_desk.correct_digest(number, WORDS, "Kim") == Corrected(readers=1, told=1)
    assert await room.digest_desk.correct_digest(number, WORDS, "Kim") == Corrected(readers=1)
    await delivered(room)
    room.clock.forward(hours=1)
    assert await room.digest_desk.correct_digest(number, WORDS, "Lee") == Corrected(readers=2, told=1)
    other = (("en", "It was in June."),)
    assert await room.digest_desk.correct_digest(number, other, "Kim") == Corrected(readers=2, told=2)
    assert [who for who, _, _ in corrections(room)] == ["ann", "bo", "ann", "bo"]


async def test_a_correction_reaches_more_readers_than_one_batch(room: Room) -> None:
    number = await sent_digest(room, *(f"r{n}" for n in range(5)))
    room.outbox.page = 2
    assert await room.digest_desk.correct_digest(number, WORDS, "Kim") == Corrected(readers=5, told=5)
    assert len({r.number for r in room.memory.deliveries if r.kind.corrects}) == 1


async def test_a_correction_goes_to_who_paused_and_not_to_who_left(room: Room) -> None:
    number = await sent_digest(room, "ann", "bo")
    ann, bo = room.memory.readers
    await room.subscribers.pause(ann, NOW + 9 * DAY, room.clock.now)
    await room.subscribers.end(bo, "left", room.clock.now)
    assert await room.digest_desk.correct_digest(number, WORDS, "Kim") == Corrected(readers=1, told=1)
    assert [who for who, _, _ in corrections(room)] == ["ann"]


async def test_whose_correction_cannot_be_composed_is_told_by_the_same_words_later(room: Room) -> None:
    number = await sent_digest(room, "ann", "bo")
    ann, _ = room.memory.readers
    room.choose(ann, edition=choice(language="ko").edition)
    room.composer.wrong = {"ko"}
    assert await room.digest_desk.correct_digest(number, WORDS, "Kim") == Corrected(readers=2, told=1, lacking=1)
    assert room.notices.events == ["correction not composed"]
    room.composer.wrong = set()
    assert await room.digest_desk.correct_digest(number, WORDS, "Kim") == Corrected(readers=2, told=1)
    assert sorted(who for who, _, _ in corrections(room)) == ["ann", "bo"]


async def test_what_is_no_digest_is_not_corrected_as_one(room: Room) -> None:
    await room.reader("ann", alerts=True)
    await room.story("s1", urgent=True)
    await room.publish()
    await delivered(room)
    refused = await room.digest_desk.correct_digest(1, WORDS, "Kim")
    assert isinstance(refused, Refused)
    assert "alert" in refused.reason
    assert isinstance(await room.digest_desk.correct_digest(7, WORDS, "Kim"), Refused)
    assert isinstance(await room.digest_desk.correct_digest(7, (), "Kim"), Refused)
    assert corrections(room) == []


# Previews and tests


async def test_a_preview_shows_the_digest_of_any_window_and_writes_nothing(room: Room) -> None:
    await room.story("s1", title="A trial")
    await room.story("s2")
    room.clock.forward(days=2)
    await room.story("s3")
    shown = await room.proofs.preview(choice(phrase="blue heron"), TODAY)
    assert shown.composition is not None
    assert shown.composition.subject == "digest 0: s1 s2"
    assert dict(shown.slots) == {"phrase": "blue heron", "reasons_1": "any", "reasons_2": "any"}
    assert [p.story.id for p in shown.plan.picks] == ["s1", "s2"]
    follower = choice(wishes=(Wish(follows=Follows(frozenset({"trial"}))),))
    assert (await room.proofs.preview(follower, TODAY)).plan.stories == ("s1",)
    assert (room.memory.bulletins, room.memory.deliveries, room.memory.closed_until) == ({}, [], None)


async def test_a_preview_for_who_had_a_story_tells_it_in_a_line_alone(room: Room) -> None:
    await room.story("s1")
    await room.story("s2")
    shown = await room.proofs.preview(choice(), TODAY, History(frozenset({"s1"})))
    assert ([p.story.id for p in shown.plan.picks], [s.id for s in shown.plan.alerted]) == (["s2"], ["s1"])


async def test_a_preview_of_nothing_has_no_mail(room: Room) -> None:
    shown = await room.proofs.preview(choice(), TODAY)
    assert (shown.composition, shown.slots, shown.plan.empty) == (None, (), True)


@pytest.mark.parametrize("name", ["Lee", "lee@nkwatch.example"])
async def test_a_test_goes_to_one_editor_and_is_marked_as_such(room: Room, name: str) -> None:
    assembled: list[Claimed] = []

    class Keeping(PlainAssembler):
        def assemble(self, claimed: Claimed) -> Message:
            assembled.append(claimed)
            return super().assemble(claimed)

    room.assembler = Keeping()
    await room.reader("ann")
    await room.story("s1")
    done = await room.proofs.test(choice(phrase="blue heron"), TODAY, name)
    assert isinstance(done, Tried)
    assert (done.editor, done.handover) == (EDITORS[1], Sent("250 queued"))
    assert room.relay.accepted == ["lee@nkwatch.example"]
    (claimed,) = assembled
    assert claimed.composition.subject == "[TEST] digest 0: s1"
    # it is nobody's subscription and stands in no table
    assert (claimed.subscriber_id, claimed.number, claimed.composition_id) == ("", 0, "")
    assert dict(claimed.slots)["phrase"] == "blue heron"
    assert claimed.delivery.message_id.endswith("@nkwatch.example>")
    assert (room.memory.bulletins, room.memory.deliveries) == ({}, [])


async def test_a_test_says_what_the_relay_answered(room: Room) -> None:
    await room.story("s1")
    room.relay.answer = lambda _: Deferred("451 later")
    done = await room.proofs.test(choice(), TODAY, "Kim")
    assert isinstance(done, Tried)
    assert done.handover == Deferred("451 later")


async def test_two_tests_are_two_mails(room: Room) -> None:
    await room.story("s1")
    ids: set[str] = set()

    class Keeping(PlainAssembler):
        def assemble(self, claimed: Claimed) -> Message:
            ids.add(claimed.delivery.message_id)
            return super().assemble(claimed)

    room.assembler = Keeping()
    for _ in range(2):
        await room.proofs.test(choice(), TODAY, "Kim")
        room.clock.forward(seconds=1)
    assert len(ids) == 2


async def test_a_test_to_a_stranger_or_of_nothing_is_refused(room: Room) -> None:
    stranger = await room.proofs.test(choice(), TODAY, "reader@example.org")
    assert isinstance(stranger, Refused)
    assert "Kim, Lee" in stranger.reason
    nothing = await room.proofs.test(choice(), TODAY, "Kim")
    assert isinstance(nothing, Refused)
    assert not nothing.usage
    assert room.relay.attempts == []


async def test_a_digest_that_the_archive_shows_is_corrected_there_also_where_nobody_got_it(room: Room) -> None:
    number = await room.outbox.number("digest of a week", BulletinKind.DIGEST, NOW)
    assert isinstance(await room.digest_desk.correct_digest(number, WORDS, "Kim"), Refused)
    assert await room.digest_desk.affected(number) is None
    room.memory.editions.add(number)
    assert await room.digest_desk.affected(number) == Corrected(0, public=True)
    assert await room.digest_desk.correct_digest(number, WORDS, "Kim", dry=True) == Corrected(0, public=True)
    assert [b.kind for b in room.memory.opened.values()] == [BulletinKind.DIGEST]
    for _ in range(2):
        assert await room.digest_desk.correct_digest(number, WORDS, "Kim") == Corrected(0, public=True)
    (correction,) = [b for b in room.memory.opened.values() if b.answers == number]
    assert (correction.kind, correction.note) == (BulletinKind.DIGEST_CORRECTION, Note(WORDS, "Kim", NOW))
