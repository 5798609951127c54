"""Every command that a page tells people to type does what the page says, in an installation in use."""

from functools import cache

import pytest

from tests.docs.declared import ACTS, ANSWERS, ELSEWHERE, LASTING, PARSED, STANDINS
from tests.docs.pages import REFERENCE, ROOT, blocks, examples, lines, pages
from tests.docs.shell import begins, kind, parsed, standin

ON_PAGES = [page for page in pages() if any(block.language == "sh" for block in blocks(page))]


def commands(line):
    """Which commands of ours a line runs."""
    return {parsed(step.words[1:]) for step in line.steps if kind(step) == "ours"}


@cache
def alone():
    """The examples of commands that stand on no other page."""
    typed = {command for page in ON_PAGES for line in lines(page) for command in commands(line)}
    return [line for line in examples() if not commands(line) <= typed]


def typed_lines():
    return [line for page in ON_PAGES for line in lines(page)] + alone()


def steps():
    return [(line.page, step) for line in typed_lines() for step in line.steps]


@pytest.mark.parametrize("page", ON_PAGES)
def test_each_line_of_a_page_can_be_typed_in_their_order(shell):
    shell.work_through()


@pytest.mark.parametrize("page", [REFERENCE])
def test_examples_of_commands_that_stand_in_the_reference_alone_can_be_typed(shell):
    for line in alone():
        shell.type(line)


def test_all_examples_of_the_reference_are_such_as_their_commands_take():
    assert all(commands(line) for line in examples())


def test_what_is_declared_not_to_be_run_stands_on_a_page():
    found = steps()
    assert not [begin for begin in (*ELSEWHERE, *PARSED) if not any(begins(step, begin) for _, step in found)]


def test_what_stands_for_words_of_pages_is_needed():
    ours = [(page, step) for page, step in steps() if kind(step) == "ours"]
    needed = {standin(page, step, step.words[n:]) for page, step in ours for n in range(1, len(step.words))}
    assert not [one for one in STANDINS if one not in needed]


def test_answers_that_are_no_success_and_what_is_done_by_hand_belong_to_lines():
    texts = [*ON_PAGES, *(line.text for line in typed_lines())]
    assert not [one for one in (*ANSWERS, *ACTS) if not any(one.where in text for text in texts)]


def test_the_tests_that_run_what_lasts_are_there():
    for place in (*LASTING.values(), *PARSED.values()):
        file, _, name = place.partition("::")
        assert f"def {name}" in (ROOT / file).read_text("utf-8")
