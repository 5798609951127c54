"""`nkwatch search`: what the archive has, from the command line."""

from datetime import timedelta

import pytest
from tests.making import NOW, finding, placement, polled, sifted, statement
from tests.story.commands import answered, done, invoke, lines, opened, refused, run

from nkwatch.domain.reading import Ask, Evidence, Quote, Urgency

WORDS = Evidence("text", 0, 3, "The")
SECRET = "Nobody is to see this sentence, for it is behind the excerpt. "


async def filled(installation) -> None:
    """Three statements that are in the index."""
    async with opened(installation) as newsroom:
        made = (
            ("s1", "Prison camp in North Korea", {"urgency": Urgency.URGENT}, {}),
            ("s2", "북한 인권 \x1b[31m", {"quotes": (Quote(WORDS, "Tomás Kim"),)}, {"language": "ko"}),
            ("s3", "Camp of a prison", {"themes": (finding("women"),), "asks": (Ask(WORDS, "China", "CN"),)}, {}),
        )
        for n, (name, title, read, own) in enumerate(made):
            one = statement(
                name, title=title, text="The camp. " * 40 + SECRET, published=NOW - n * timedelta(days=30), **own
            )
            await newsroom.statements.record_polls([polled(sifted(one))])
            await newsroom.statements.record_readings([placement(one, **read)], NOW)
        await newsroom.index()


async def found(installation, *arguments: str) -> list[str]:
    """The ids that are found."""
    return [record["id"] for record in await lines(installation, "search", *arguments)]


async def test_words_phrases_and_filters_find_statements_the_newest_first(installation):
    await filled(installation)
    assert await found(installation) == ["s1", "s2", "s3"]
    assert await found(installation, "prison", "camp") == ["s1", "s3"]
    assert await found(installation, "prison camp") == await found(installation, '"prison camp" korea') == ["s1"]
    assert await found(installation, "북한") == await found(installation, "--language", "ko") == ["s2"]
    assert await found(installation, "--theme", "women", "--theme", "prisons", "--until", "2026-10") == ["s2", "s3"]
    assert await found(installation, "--speaker", "tomas kim") == ["s2"]
    assert await found(installation, "--addressee", "China", "--asked", "cn") == ["s3"]
    assert await found(installation, "--urgency", "urgent", "--rights", "--source", "a") == ["s1"]
    assert await found(installation, "--country", "KR") == []
    assert await found(installation, "--since", "2026-11-22", "--limit", "2") == ["s1"]
    assert await found(installation, "--limit", "2") == ["s1", "s2"]


async def test_a_record_has_title_excerpt_and_link_and_never_the_text(installation):
    await filled(installation)
    told = await done(installation, "search", "북한", "--json")
    assert SECRET not in told
    (record,) = await lines(installation, "search", "prison camp")
    assert (record["story"], record["url"], record["by"]) == ("s1", "https://a.example/s1", "Publisher a")
    assert (record["published"], record["themes"], record["urgency"]) == ("2026-11-22T07:00:00Z", ["prisons"], "urgent")
    assert 0 < len(record["excerpt"]) <= 300


async def test_people_get_a_list_and_how_many_there_are(installation):
    await filled(installation)
    code, shown, told = await run(installation, "search")
    assert (code, "3 found" in told) == (0, True)
    assert [line.split()[0] for line in shown.splitlines()[1:]] == ["s1", "s2", "s3"]
    assert "\x1b" not in shown
    code, shown, _ = await run(installation, "search", "nothing")
    assert (code, shown) == (0, "nothing was found\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("--theme", "camps"), "No theme is called “camps”."),
        (("--source", "z", "?!"), "holds no letter and no digit that could be looked for. No theme"),
        (("--since", "soon"), "is no date, such as"),
        (("--since", "2026", "--until", "2025"), "before it begins"),
    ],
)
async def test_what_is_mistaken_is_said_and_nothing_is_looked_for(installation, arguments, said):
    async with opened(installation):
        pass
    told = await refused(installation, "search", *arguments, code=2)
    assert said.partition(" No theme")[0] in told


async def test_reading_puts_what_was_read_into_the_index(installation):
    async with opened(installation) as newsroom:
        one = statement("s1", title="Prison camp in North Korea", text="A political prison camp in North Korea.")
        await newsroom.statements.record_polls([polled(sifted(one))])
    told = await answered(installation, "read")
    assert (told["statements"], told["indexed"]) == (1, 1)
    assert await found(installation, "camp") == ["s1"]
    assert (await answered(installation, "read"))["indexed"] == 0


def test_the_command_has_help_with_an_example():
    code, shown, _ = invoke("search", "--help")
    assert code == 0
    assert "Example: nkwatch search" in " ".join(shown.split())
