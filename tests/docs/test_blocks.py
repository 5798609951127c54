"""What pages show beside commands: settings that can be used, JSON that can be read, commands that there are."""

import json

import pytest

from nkwatch.config import load_config
from tests.docs.declared import FILES, OURS, SECRETS, THERE
from tests.docs.pages import ROOT, Block, blocks, pages, spans
from tests.docs.settings import put
from tests.docs.shell import unknown

BLOCKS = [block for page in pages() for block in blocks(page)]
#: What a fence says that holds commands, elsewhere; here it is `sh` alone.
SHELLS = {"bash", "console", "shell", "shell-session", "zsh"}
#: What may be left out, or given instead, is written so.
BRACKETS = str.maketrans("[]|", "   ")


def in_language(*languages: str) -> list[Block]:
    return [block for block in BLOCKS if block.language in languages]


def test_each_block_says_what_it_holds_and_commands_stand_in_those_of_sh_alone():
    assert not [str(block) for block in in_language("", *SHELLS)]


@pytest.mark.parametrize("block", in_language("toml"), ids=str)
def test_settings_can_be_put_into_the_example(block, tmp_path):
    text = block.text
    for said, instead in SECRETS.items():
        text = text.replace(said, instead)
    if reads := [read for mark, read in FILES.items() if mark in text]:
        (tmp_path / "file.toml").write_text(text, "utf-8")
        reads[0](tmp_path / "file.toml")
    else:
        put(ROOT / "config.example.toml", THERE, tmp_path / "nkwatch.toml")
        put(tmp_path / "nkwatch.toml", text)
        load_config(tmp_path / "nkwatch.toml")


def test_json_can_be_read():
    for block in in_language("json"):
        json.loads(block.text)


@pytest.mark.parametrize("page", pages())
def test_commands_within_sentences_are_known_with_their_options(page):
    for number, span in spans(page):
        program, _, rest = span.partition(" ")
        assert program not in OURS or not (found := unknown(rest.translate(BRACKETS).split())), (
            f"{page}:{number}: `{span}`: {found}"
        )


def test_what_is_declared_of_settings_stands_on_a_page():
    texts = [block.text for block in in_language("toml")]
    assert not [mark for mark in (*FILES, *SECRETS) if not any(mark in text for text in texts)]
