"""How pages are taken apart: nothing that people would type may hide from what runs it."""

import pytest

from tests.docs.pages import Block, Step, lines_of, pages, words


def typed(text):
    return [line for line in lines_of(Block("a.md", 10, "sh", text)) if line.steps]


def test_the_pages_are_those_that_people_read():
    found = pages()
    assert {"README.md", "docs/editors.md", "deploy/README.md", "bench/README.md", "campaigns/README.md"} <= set(found)
    assert not [page for page in found if "decisions" in page or "CHANGELOG" in page]


def test_a_line_goes_on_behind_a_backslash_and_is_named_by_where_it_begins():
    first, second = typed("nkwatch alert withdraw x \\\n  --by Ann\n\n# only a remark\nnkwatch run\n")
    assert (first.number, first.steps) == (10, (Step(("nkwatch", "alert", "withdraw", "x", "--by", "Ann")),))
    assert second.number == 14


@pytest.mark.parametrize(
    ("text", "read"),
    [
        ("nkwatch run   # the reader's", ["nkwatch", "run"]),
        ('nkwatch note "a # b"', ["nkwatch", "note", "a # b"]),
        ("nkwatch sources add https://a.example/#part", ["nkwatch", "sources", "add", "https://a.example/#part"]),
    ],
)
def test_a_comment_begins_where_a_shell_sees_one(text, read):
    assert words(text) == read


def test_a_line_may_hold_several_commands_with_their_settings_and_files():
    (line,) = typed("A=1 nkwatch export > rows.jsonl && nkwatch read - < rows.jsonl | head")
    assert line.steps == (
        Step(("nkwatch", "export"), settings={"A": "1"}, target="rows.jsonl"),
        Step(("nkwatch", "read", "-"), "&&", source="rows.jsonl"),
        Step(("head",), "|"),
    )


def test_what_no_shell_could_read_is_told():
    with pytest.raises(ValueError, match="quotation"):
        typed('nkwatch note "half')
