"""What comes from outside commands no terminal: no answer for people holds a letter that moves, hides or turns others."""

import unicodedata
from dataclasses import replace

import pytest
from tests.making import NOW, finding, placement, polled, sifted, state, statement
from tests.story.commands import SOURCE, opened, run
from tests.workflow.fakes import FakeClock

from nkwatch.domain.polling import Health, Polled
from nkwatch.domain.reading import Ask, Evidence, Mention, Quote, Urgency

#: Clears the screen, names the window, begins a link, turns what follows round, begins a line of its own.
SPELL = "\x1b[2J\x1b]0;evil\x07\x1b]8;;https://evil.example\x07 \x9b31m \u202eabc\u2066 [link=https://evil.example]x[/link] [/b]"
CLOSER = "\r\nall is well"
CAREFUL = SOURCE.replace("alerts = true", "alerts = false")


async def told(installation) -> None:
    """An alert that waits, on a statement in which a hostile publisher wrote all that can be written."""
    installation.write(port=2, more=CAREFUL)
    async with opened(installation, FakeClock(NOW)) as newsroom:
        one = statement(
            "s1", title=f"Prison camp in North Korea {SPELL}{CLOSER}", text=f"North Korea {SPELL} " * 20,
            author=SPELL, publisher=f"Publisher {SPELL}", published=NOW,
        )  # fmt: skip
        seen = Evidence("title", 0, len(one.title), one.title)
        found = placement(
            one, "s1", urgency=Urgency.URGENT, urgency_evidence=(seen,), themes=(replace(finding(), evidence=(seen,)),),
            quotes=(Quote(seen, SPELL, SPELL),), asks=(Ask(seen, SPELL, "CN", SPELL),), cases=(Mention(seen, SPELL),),
        )  # fmt: skip
        await newsroom.statements.record_polls([polled(sifted(one))])
        await newsroom.statements.record_readings([found], NOW)
        await newsroom.publish()
        await newsroom.index()
        failed = state("a", failures=3, reason=f"It answered {SPELL}{CLOSER}", health=Health.FAILING)
        await newsroom.statements.record_polls([Polled(failed, "Publisher a")])


def commands(text: str) -> list[str]:
    """Letters that a terminal obeys, or that turn others round."""
    return [f"U+{ord(c):04X}" for c in text if unicodedata.category(c) in {"Cc", "Cf", "Zl", "Zp"} and c != "\n"]


@pytest.mark.parametrize(
    "arguments",
    [
        ("alert", "list"),
        ("alert", "list", "--sent"),
        ("explain", "s1"),
        ("story", "show", "s1"),
        ("search",),
        ("sources", "list"),
        ("sources", "show", "a"),
        ("statements", "missing"),
        ("statements", "snapshots", "s1"),
        ("case", "list", "--candidates"),
        ("correct", "s1", "--urgency", "routine", "--editor", "Ann", "--dry-run"),
        ("redact", "statement", "s1", "--by", "Ann", "--dry-run"),
        ("digest", "preview", "--from", "2026-11-01", "--to", "2026-11-30"),
        ("report",),
        ("audit",),
    ],
)
async def test_what_a_publisher_writes_commands_no_terminal(installation, arguments):
    await told(installation)
    _, shown, said = await run(installation, *arguments)
    assert commands(shown + said) == []
    assert "all is well" not in [line.strip() for line in shown.splitlines()]
