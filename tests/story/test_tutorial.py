"""The tutorial as a newcomer goes through it: an empty folder, its lines in their order, the lines of settings that it names."""

import json
import shlex
import tomllib
from collections.abc import Iterator

import pytest
from anyio.from_thread import start_blocking_portal
from tests.docs.declared import LASTING
from tests.docs.pages import blocks, lines_of
from tests.docs.shell import kind, parsed
from tests.story.commands import invoke
from tests.story.conftest import SHIPPED

from nkwatch.assembly import utc_now
from nkwatch.cli.newsroom import CLOCK
from nkwatch.demo.run import SITE_PORT
from nkwatch.demo.samples import load_samples
from nkwatch.demo.site import sample_site

PAGE = "docs/tutorial.md"
#: Nobody waits between two articles of a site of our own, and no line leads out of this machine.
QUIETLY = f"\n[catalogue]\ndisable = {SHIPPED}\n[polling]\npause = 0\n"


@pytest.fixture
def port() -> Iterator[int]:
    """Where the sample site of the demo is."""
    samples = load_samples(utc_now())
    with start_blocking_portal() as portal, portal.wrap_async_context_manager(sample_site(samples, utc_now)) as site:
        yield int(site.rpartition(":")[2])


def settled(settings: str, told: str) -> str:
    """The settings once somebody has made their sections read like this; their comments are lost."""
    merged = tomllib.loads(settings)
    for name, section in tomllib.loads(told).items():
        merged[name] = section if isinstance(section, list) else merged.get(name, {}) | section
    tables = {name: merged.pop(name) for name in list(merged) if isinstance(merged[name], (dict, list))}
    text = [_values(merged)]
    for name, table in tables.items():
        text += [f"[[{name}]]\n{_values(row)}" for row in table] if isinstance(table, list) else []
        text += [f"[{name}]\n{_values(table)}"] if isinstance(table, dict) else []
    return "\n".join(text)


def _values(table: dict[str, object]) -> str:
    return "".join(f"{name} = {json.dumps(value)}\n" for name, value in table.items())


@pytest.mark.timeout(120)
def test_every_step_does_what_the_page_says(port, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    CLOCK.set(utc_now)
    settings, answers = tmp_path / "nkwatch.toml", dict[str, str]()
    for block in blocks(PAGE):
        told = block.text.replace(str(SITE_PORT), str(port))
        if block.language == "toml":
            settings.write_text(settled(settled(settings.read_text(), told), QUIETLY))
        for line in lines_of(block) if block.language == "sh" else ():
            for step in line.steps:
                if kind(step) != "ours" or parsed(step.words[1:]) in LASTING:
                    continue
                words = shlex.split(shlex.join(step.words[1:]).replace(str(SITE_PORT), str(port)))
                code, answers[" ".join(words[:2])], said = invoke(*words)
                assert code == 0, f"{line}\n{said}"

    assert "Seven North Koreans held in Tumen" in answers["search Tumen"]
    assert "digests: 1" in answers["digest send"]
    assert all(story in answers["alert list"] for story in ("efld5ckn34jobmv5", "252drayug3eu3xcj", "baejmgit3fy5hib3"))
    assert answers["subscribers why"].startswith("yes: alert 2: the relay took it on ")
    mails = [path.read_text() for path in sorted((tmp_path / "mails" / "new").iterdir())]
    assert len(mails) == 5, "a digest, three calls to the editor, an alert"
    assert [m for m in mails if "Arrest or detention: 14 people, Chongjin (North Korea)." in m.replace("=\n", "")]
