"""Why an installation may not send, and what to type."""

from nkwatch.domain.installation import Installed
from tests.making import NOW

HERE = Installed("i", "here", "here")


def test_an_installation_where_it_belongs_may_send():
    assert HERE.locked == ""


def test_a_restored_one_says_of_when_the_backup_is_and_what_to_type():
    said = Installed("i", "here", "here", locked_at=NOW, gap_from=NOW).locked
    assert f"{NOW:%Y-%m-%d %H:%M} UTC" in said
    assert "nkwatch deliver --resume-after TIME" in said
    assert "--take-over" not in said
    assert "a backup that was restored" in Installed("i", "here", "here", locked_at=NOW).locked


def test_one_on_another_host_is_to_be_taken_over_and_one_restored_there_resumed_too():
    elsewhere = Installed("i", "there", "here")
    assert "nkwatch deliver --take-over." in elsewhere.locked
    both = Installed("i", "there", "here", locked_at=NOW).locked
    assert "nkwatch deliver --take-over --resume-after TIME" in both
    assert "--take-over." not in both
