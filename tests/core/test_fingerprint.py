"""The fingerprint of a composition is that of what its readers share: subject and text."""

from dataclasses import replace

from nkwatch.domain.bulletin import Block, Slot
from tests.making import composition


def test_places_of_the_readers_own_and_the_html_part_do_not_count() -> None:
    one = composition()
    assert replace(one, text=(Slot("phrase"), *one.text), html=(Block(b"<p>x</p>\r\n"),)).fingerprint == one.fingerprint


def test_another_subject_or_text_has_another() -> None:
    one = composition()
    longer = replace(one, text=(*one.text, Block(b"More.\r\n")))
    assert len({one.fingerprint, longer.fingerprint, replace(one, subject="Daily digest").fingerprint}) == 3


def test_how_a_text_is_cut_into_blocks_does_not_count() -> None:
    one, two = replace(composition(), text=(Block(b"a\r\nb\r\n"),)), replace(composition(), text=(Block(b"a\r\n"), Block(b"b\r\n")))  # fmt: skip
    assert one.fingerprint == two.fingerprint
