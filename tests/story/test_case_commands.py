"""``nkwatch case``: an editor opens and closes pages; and editions on the command line."""

from tests.making import NOW, placement, polled, sifted, statement
from tests.story.commands import SOURCE, answered, done, lines, opened, refused

from nkwatch.domain.casepage import CaseDeed, case_id
from nkwatch.domain.reading import Evidence, Mention

EDITORS = '\n[[editor]]\nname = "Ann"\naddress = "ann@watch.example"\n'
SAID = ("--heading", "A fisherman of Rason", "--words", "Held since 2019.")
KEY = "kim ok"


async def named(installation, *, more: str = "") -> None:
    """A statement that names somebody."""
    installation.write(port=2, more=SOURCE + EDITORS + more)
    async with opened(installation) as newsroom:
        one = statement("s1", title="Kim Ok is missing in North Korea", published=NOW, first_seen=NOW)
        mentioned = (Mention(Evidence("title", 0, 6, "Kim Ok"), KEY),)
        await newsroom.statements.record_polls([polled(sifted(one))])
        await newsroom.statements.record_readings([placement(one, cases=mentioned)], NOW)


async def test_a_page_is_opened_said_in_two_languages_listed_and_closed(installation):
    await named(installation)
    assert await answered(installation, "case", "open", KEY, *SAID) == {
        "case": KEY, "page": f"/cases/{case_id(KEY)}", "languages": "en",
    }  # fmt: skip
    korean = ("--heading", "나선의 어부", "--words", "2019년부터.", "--language", "ko", "--by", "ann")
    assert (await answered(installation, "case", "open", KEY, *korean))["languages"] == "en, ko"
    (listed,) = await lines(installation, "case", "list")
    assert (listed["key"], listed["heading"], listed["by"], listed["statements"]) == (
        KEY, "A fisherman of Rason", "Ann", 1,
    )  # fmt: skip
    assert await answered(installation, "case", "close", KEY) == {"case": KEY, "closed": True}
    assert await lines(installation, "case", "list") == []
    assert "no page is open" in await done(installation, "case", "list")
    assert "has no page" in await refused(installation, "case", "close", KEY)
    async with opened(installation) as newsroom:
        acts = await newsroom.cases.acts(KEY)
    assert [(a.deed, a.editor) for a in acts] == [
        (CaseDeed.OPENED, "Ann"), (CaseDeed.CHANGED, "Ann"), (CaseDeed.CLOSED, "Ann"),
    ]  # fmt: skip


async def test_who_is_named_lately_is_listed_for_editors(installation):
    await named(installation)
    (candidate,) = await lines(installation, "case", "list", "--candidates")
    assert (candidate["key"], candidate["statements"], candidate["page"]) == (KEY, 1, "")
    assert candidate["title"] == "Kim Ok is missing in North Korea"
    await done(installation, "case", "open", KEY, *SAID)
    (candidate,) = await lines(installation, "case", "list", "--candidates")
    assert candidate["page"] == "open"
    assert KEY in await done(installation, "case", "list", "--candidates")


async def test_what_cannot_be_said_is_refused_with_all_reasons(installation):
    await named(installation)
    wrong = await refused(
        installation, "case", "open", KEY, "--heading", " ", "--words", "", "--language", "xx", code=2
    )
    for why in ("none of en, ", "give the page a heading", "in your own words"):
        assert why in wrong
    assert "no statement names the case 'nobody'" in await refused(installation, "case", "open", "nobody", *SAID)
    assert "no editor is called 'Eve'" in await refused(installation, "case", "open", KEY, *SAID, "--by", "Eve", code=2)


async def test_publishing_keeps_the_edition_of_a_window_that_ended(installation):
    await named(installation, more=f'[archive]\neditions = ["daily"]\nhour = {NOW.hour + 1}\nzone = ""\n')
    installation.clock.forward(hours=2)
    first = await answered(installation, "publish")
    assert (first["editions"], first["no_editions"], first["editions_failed"]) == (1, 0, 0)
    assert (await answered(installation, "publish"))["editions"] == 0


async def test_where_editions_are_off_none_are_kept(installation):
    await named(installation, more="[archive]\neditions = []\n")
    told = await answered(installation, "publish")
    assert (told["editions"], told["no_editions"]) == (0, 0)


async def test_wrong_settings_of_the_archive_are_told(installation):
    installation.write(port=2, more='[archive]\neditions = ["weekly", "weekly"]\nhour = 24\nzone = "Mars"\n')
    said = await refused(installation, "case", "list", code=2)
    for why in ("a rhythm is there twice", "hour", "no time zone of that name"):
        assert why in said
