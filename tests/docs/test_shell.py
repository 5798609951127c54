"""What types the lines of pages sees what is wrong with them: a test that finds nothing must be able to find it."""

import pytest
from typer import BadParameter

from tests.docs.pages import Line, Step
from tests.docs.shell import helped, kind, parsed, standin, unknown

#: Click's own error, by way of one of its kinds: Typer has it inside.
UsageError = BadParameter.__mro__[1]


@pytest.mark.parametrize("page", ["docs/editors.md"])
@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nkwatch explain nosuch", "nothing is known"),
        ("nkwatch alert list && nkwatch alert release nosuch --by Ann", "no such story"),
        ("cp nosuch elsewhere", "nosuch"),
        ("rm -r nosuch", "neither run nor declared"),
    ],
)
def test_a_line_that_does_not_work_is_told_with_its_place(shell, text, why):
    with pytest.raises(AssertionError, match=why) as wrong:
        shell.type(Line("docs/some.md", 7, text))
    assert wrong.value.__notes__ == [f"docs/some.md:7: {text}"]


@pytest.mark.parametrize("page", ["docs/editors.md"])
def test_what_lasts_is_not_begun_and_its_arguments_are_looked_at(shell):
    shell.type(Line("docs/some.md", 7, "nkwatch --config other.toml run --only web"))
    with pytest.raises(UsageError):
        shell.type(Line("docs/some.md", 7, "nkwatch run --onyl web"))


def test_arguments_are_those_of_the_command():
    assert parsed(["alert", "list", "--sent"]) == "nkwatch alert list"
    for wrong in (["alert", "lst"], ["alert", "list", "--snet"], ["alert", "release"]):
        with pytest.raises(UsageError):
            parsed(wrong)


def test_a_word_of_a_sentence_that_nkwatch_does_not_know_is_found():
    assert unknown(["alert", "list", "--sent"]) == []
    assert unknown(["alert", "lst"]) == ["lst"]
    assert unknown(["digest", "correct", "NUMBER", "--sya"]) == ["--sya"]


@pytest.mark.parametrize(
    "wrong", ["bench pol", "bench poll --quik", "campaigns crash --kills many", "campaigns soak --x"]
)
def test_arguments_of_benches_and_campaigns_are_looked_at(wrong):
    with pytest.raises(AssertionError):
        helped(["python", "-m", *wrong.split()])


def test_the_same_word_stands_for_what_its_command_needs():
    release, show = (
        Step(("nkwatch", *words, "mfrggzdfmztwq2lk")) for words in (("alert", "release"), ("story", "show"))
    )
    assert standin("a.md", release, release.words[3:]).instead == "{waits}"
    assert standin("a.md", show, show.words[3:]).instead == "{sent}"


def test_programs_are_known_wherever_they_lie():
    assert [kind(Step((word, "list"))) for word in ("/opt/nkwatch/bin/nkwatch", "nkw", "/bin/cp", "rm")] == [
        "ours", "ours", "shell", "",
    ]  # fmt: skip
