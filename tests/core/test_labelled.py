"""What a person says of a statement."""

import pytest

from nkwatch.domain.labelled import Labelled
from nkwatch.domain.reading import Urgency


def test_what_nobody_has_said_is_left_open() -> None:
    one = Labelled("l1", "A title", "A text.", "en", about_nk=True)
    assert (one.themes, one.optional, one.urgency) == ((), frozenset(), Urgency.ROUTINE)
    assert (one.story, one.published, one.publisher, one.url) == ("", "", "", "")


def test_labels_do_not_change() -> None:
    one = Labelled("l1", "A title", "A text.", "en", about_nk=True)
    with pytest.raises(AttributeError):
        one.about_nk = False  # type: ignore[misc]
