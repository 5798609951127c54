"""What a digest tells besides its stories: how many there were, and who was named before."""

from datetime import datetime, timedelta

from nkwatch.domain.bulletin import Window
from nkwatch.domain.correction import Correction
from nkwatch.domain.desk import Ruling, RulingKind
from nkwatch.domain.reading import Evidence, Mention, MentionKind
from nkwatch.domain.statement import Presence
from nkwatch.domain.surroundings import Counted, Earlier
from nkwatch.domain.theme import ThemeKind
from nkwatch.reading.stories import Placement, marks
from tests.making import NOW, context, finding, placement, polled, prose, reading, sifted, statement
from tests.store.conftest import Stores
from tests.store.people import DAY

HOUR = timedelta(hours=1)


def names(*keys: str) -> tuple[Mention, ...]:
    """Persons named in a title."""
    return tuple(Mention(Evidence("title", 0, 3, "Kim"), key, MentionKind.PERSON) for key in keys)


async def told(stores: Stores, name: str, now: datetime = NOW, story: str = "", **found: object) -> None:
    """A statement that is read, in a story of its own unless one is named."""
    one = statement(name, title=f"Title {name}", text=prose(name))
    await stores.statements.record_polls([polled(sifted(one))])
    await stores.statements.record_readings([placement(one, story, **found)], now)


async def test_stories_are_counted_by_their_themes_in_their_order(stores: Stores) -> None:
    await told(stores, "s2", NOW + HOUR, themes=(finding("women"), context("security")))
    await told(stores, "s1", NOW, themes=(finding("prisons"),))
    await told(stores, "s3", NOW + 2 * HOUR, "s2", themes=(finding("women"), finding("prisons")))
    await told(stores, "s4", NOW + 9 * HOUR)
    counted = await stores.statements.counted(NOW, NOW + 9 * HOUR)
    assert counted == [Counted(NOW, ("prisons",)), Counted(NOW + HOUR, ("women", "security", "prisons"))]
    assert await stores.statements.counted(NOW + DAY, NOW + 2 * DAY) == []


async def test_what_no_digest_shows_is_not_counted(durable: Stores) -> None:
    for name in ("s1", "s2", "s3", "s4", "s5"):
        await told(durable, name)
    await durable.desk.hold("s1", "Ann", NOW)
    await durable.desk.drop("s2", "Ann", NOW, on=True)
    await durable.desk.rule(Ruling("s3", RulingKind.WITHDRAW, "Ann", NOW))
    await durable.statements.record_polls([polled(sifted(removed=("s4",)))])
    assert len(await durable.statements.counted(NOW, NOW + HOUR)) == 1
    await durable.statements.record_presence("s4", Presence.KEPT)
    await durable.desk.free("s1", "Ann", NOW)
    assert len(await durable.statements.counted(NOW, NOW + HOUR)) == 3


async def test_what_an_editor_said_of_themes_counts(durable: Stores) -> None:
    await told(durable, "s1", themes=(finding("prisons"),))
    said = Correction("s1", 1, "test.1", NOW, "Ann", themes=(("food", ThemeKind.RIGHTS), ("women", ThemeKind.RIGHTS)))
    await durable.readings.record_correction(said, "", (), NOW)
    assert await durable.statements.counted(NOW, NOW + HOUR) == [Counted(NOW, ("food", "women"))]


async def test_only_stories_that_are_there_are_held_back(durable: Stores) -> None:
    await told(durable, "s1")
    await told(durable, "s2")
    for name in ("s1", "s2"):
        await durable.desk.hold(name, "Ann", NOW + HOUR)
    assert [await durable.statements.held(at) for at in (NOW, NOW + HOUR)] == [0, 2]
    await durable.statements.record_polls([polled(sifted(removed=("s1",)))])
    assert await durable.statements.held(NOW + HOUR) == 1


# Who was named before


async def test_a_case_was_last_named_by_the_newest_story_before(stores: Stores) -> None:
    await told(stores, "s1", NOW, cases=names("kim", "lee"))
    await told(stores, "s2", NOW + HOUR, cases=names("kim"))
    await told(stores, "s3", NOW + 2 * HOUR, cases=names("kim", "pak"))
    found = await stores.statements.named_before(["kim", "lee", "pak", "choe"], NOW + 2 * HOUR)
    assert {key: (e.story_id, e.title, e.language) for key, e in found.items()} == {
        "kim": ("s2", "Title s2", "en"),
        "lee": ("s1", "Title s1", "en"),
    }
    assert await stores.statements.named_before([], NOW) == {}


async def test_the_day_is_that_on_which_it_was_published(durable: Stores) -> None:
    one = statement("s1", published=NOW - 99 * DAY)
    await durable.statements.record_polls([polled(sifted(one))])
    await durable.statements.record_readings([placement(one, cases=names("kim"))], NOW)
    found = await durable.statements.named_before(["kim"], NOW + HOUR)
    assert found == {"kim": Earlier("s1", one.title, "en", NOW - 99 * DAY)}


async def test_what_is_hidden_held_or_taken_back_names_nobody(durable: Stores) -> None:
    for n, name in enumerate(("s1", "s2", "s3", "s4")):
        await told(durable, name, NOW + n * HOUR, cases=names("kim"))
    await durable.statements.record_polls([polled(sifted(removed=("s4",)))])
    await durable.desk.hold("s3", "Ann", NOW)
    await durable.desk.rule(Ruling("s2", RulingKind.WITHDRAW, "Ann", NOW))
    assert (await durable.statements.named_before(["kim"], NOW + DAY))["kim"].story_id == "s1"


async def test_names_are_those_of_the_reading_in_force(durable: Stores) -> None:
    await told(durable, "s1", cases=names("kim", "kim", "lee"))
    assert durable.count("named") == 2
    anew = reading("s1", rules="test.2", cases=names("pak"))
    await durable.readings.record_anew([Placement(anew, "s1", marks(statement("s1")))], NOW, NOW)
    found = await durable.statements.named_before(["kim", "lee", "pak"], NOW + DAY)
    assert set(found) == {"pak"}
    # an older reading that comes late is kept, and names nobody
    await durable.statements.record_readings([placement(statement("s1", revision=0), "s1", cases=names("choe"))], NOW)
    assert set(await durable.statements.named_before(["pak", "choe"], NOW + DAY)) == {"pak"}


async def test_many_and_long_names_are_looked_up_at_once(durable: Stores) -> None:
    keys = [f"{n}" * 900 for n in range(10)] + [f"k{n}" for n in range(1200)]
    await told(durable, "s1", cases=names(*keys))
    assert set(await durable.statements.named_before(keys, NOW + DAY)) == set(keys)


async def test_a_window_is_read_by_its_indexes(durable: Stores) -> None:
    await told(durable, "s1")
    await told(durable, "s2", NOW + DAY)
    await durable.desk.hold("s2", "Ann", NOW)
    await durable.desk.free("s2", "Ann", NOW + 2 * DAY)
    # ready and freed in one window, a story stands there once
    assert [s.id for s in await durable.statements.ready_between(Window(NOW, NOW + 3 * DAY))] == ["s1", "s2"]
