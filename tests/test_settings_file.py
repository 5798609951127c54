"""nkwatch.toml is edited without losing a comment, and never left half-written or wrong."""

import stat
import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nkwatch.cli.settings_file import (
    differences,
    read_settings,
    with_catalogue,
    with_source_switched,
    with_sources,
    without_source,
    write_settings,
)
from nkwatch.config import load_config
from nkwatch.domain.problems import ConfigError

NEEDED = """\
# ours
[site]
url = "https://watch.example"   # public
contact = "editors@watch.example"

[mail]
host = "smtp.watch.example"
sender = "digest@watch.example"
"""
TEXT = (
    NEEDED
    + '''
[catalogue]   # what we changed
disable = [
  "hrw-ko",   # nobody here reads it
  "hrw-ja"
]

[[source]]
id = "one"   # the first
url = "https://one.example/feed"
publisher = "One"
strip = [
  "[x]",
"[[source]]"
]
# where things are
[source.options]
item = "li"

# how we poll
[polling]
at_once = 4

[[source]]
id = "two"
url = "https://two.example/feed"
publisher = "Two"
note = """
[[source]]
id = "three"
"""

# the end
'''
)
FRESH = {"id": "new", "url": "https://n.example/", "publisher": 'N "and" Söhne', "options": {"item": "tr > td"}}
VALUES = st.text(st.characters(codec="utf-8", exclude_characters="\r"), max_size=20)


def test_a_source_is_added_at_the_end_and_nothing_else_changes():
    after = with_sources(TEXT, [FRESH])
    assert after.startswith(TEXT)
    assert tomllib.loads(after)["source"][2] == FRESH


@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "id": st.just("new"),
                "publisher": VALUES,
                "options": st.dictionaries(st.text("abc-", min_size=1), VALUES, max_size=3),
            }
        ),
        max_size=1,
    ),
    st.booleans(),
    st.booleans(),
)
def test_what_is_added_and_removed_again_leaves_the_file_as_it_was(tables, newline, windows):
    before = TEXT if newline else TEXT.rstrip()
    before = before.replace("\n", "\r\n") if windows else before
    after = without_source(with_sources(before, tables), "new")
    assert after.rstrip() == before.rstrip()


def test_removing_takes_the_tables_below_and_leaves_comments_on_what_follows():
    after = without_source(TEXT, "one")
    assert '"one"' not in after
    assert "where things are" not in after
    assert "# how we poll\n[polling]" in after
    assert without_source(TEXT, "three") == TEXT


def test_the_last_own_source_can_go():
    assert tomllib.loads(without_source(without_source(TEXT, "one"), "two")).get("source") is None


def test_an_own_source_is_switched_in_its_table_once():
    after = with_source_switched(TEXT, "two", on=False)
    assert tomllib.loads(after)["source"][1]["enabled"] is False
    assert differences(TEXT, after, "f").count("\n+") == 2  # its header is one of them
    assert with_source_switched(after, "two", on=False) == after
    assert with_source_switched(TEXT, "two", on=True) == TEXT


def test_an_option_table_stays_behind_the_switch():
    after = with_source_switched(TEXT, "one", on=False)
    one = tomllib.loads(after)["source"][0]
    assert (one["enabled"], one["options"]) == (False, {"item": "li"})


def test_the_lists_of_the_catalogue_keep_their_comments():
    after = with_catalogue(TEXT, ["hrnk"], ["hrw-ko", "voa-editorials"])
    assert "# nobody here reads it" in after
    assert "# what we changed" in after
    assert tomllib.loads(after)["catalogue"] == {"enable": ["hrnk"], "disable": ["hrw-ko", "voa-editorials"]}
    assert with_catalogue(after, ["hrnk"], ["hrw-ko", "voa-editorials"]) == after


@pytest.mark.parametrize(
    "before",
    [
        NEEDED,
        NEEDED.rstrip(),
        'catalogue.enable = ["a"]\n' + NEEDED,
        "catalogue = {}\n" + NEEDED,
        "[catalogue]\n" + NEEDED,
        "",
    ],
)
def test_the_lists_are_written_wherever_and_however_they_stand(before):
    after = with_catalogue(before, ["x"], ["y"])
    assert tomllib.loads(after)["catalogue"] == {"enable": ["x"], "disable": ["y"]}


def test_sources_in_one_line_cannot_be_edited_and_that_is_said():
    with pytest.raises(ConfigError) as wrong:
        with_sources("source = []\n" + NEEDED, [FRESH])
    assert "by hand" in wrong.value.problems[0]


def test_line_ends_of_windows_stay():
    before = TEXT.replace("\n", "\r\n")
    for after in (
        with_catalogue(before, ["x"], []),
        with_sources(before, [FRESH]),
        with_source_switched(before, "one", on=False),
    ):
        assert after.count("\r\n") == after.count("\n")


@given(VALUES)
def test_any_comment_and_any_string_survives_an_edit(words):
    comment = "# " + "".join(c for c in words if c.isprintable())
    before = f"{comment}\n{TEXT}{comment}"
    after = with_catalogue(with_source_switched(before, "two", on=False), ["x"], [])
    assert after.startswith(comment + "\n")
    assert after.rstrip().endswith(comment.rstrip())


def test_the_file_is_replaced_with_its_mode_and_the_old_one_kept(tmp_path):
    path = tmp_path / "nkwatch.toml"
    path.write_text(TEXT)
    path.chmod(0o640)
    write_settings(path, TEXT, with_sources(TEXT, [FRESH]))
    assert load_config(path).source[2].publisher == FRESH["publisher"]
    assert (tmp_path / "nkwatch.toml.bak").read_text() == TEXT
    assert stat.S_IMODE(path.stat().st_mode) == 0o640
    assert sorted(p.name for p in tmp_path.iterdir()) == ["nkwatch.toml", "nkwatch.toml.bak"]


def test_settings_that_would_be_wrong_are_not_written_and_the_problem_names_the_file(tmp_path):
    path = tmp_path / "nkwatch.toml"
    path.write_text(TEXT)
    with pytest.raises(ConfigError) as wrong:
        write_settings(path, TEXT, with_sources(TEXT, [FRESH | {"zone": "Mars/One"}]))
    assert wrong.value.problems[0].startswith(f"{path}, line ")
    assert "no time zone" in wrong.value.problems[0]
    assert [p.name for p in tmp_path.iterdir()] == ["nkwatch.toml"]
    assert path.read_text() == TEXT


def test_what_somebody_else_has_just_written_is_not_overwritten(tmp_path):
    path = tmp_path / "nkwatch.toml"
    path.write_text(TEXT + "# by hand\n")
    with pytest.raises(ConfigError, match="somebody else"):
        write_settings(path, TEXT, with_sources(TEXT, [FRESH]))
    assert path.read_text().endswith("# by hand\n")


def test_a_link_to_the_settings_stays_a_link(tmp_path):
    (tmp_path / "etc").mkdir()
    place, link = tmp_path / "etc" / "real.toml", tmp_path / "nkwatch.toml"
    place.write_text(TEXT)
    link.symlink_to(place)
    write_settings(link, TEXT, with_sources(TEXT, [FRESH]))
    assert link.is_symlink()
    assert 'id = "new"' in place.read_text()


def test_a_file_that_is_not_there_is_said_in_a_sentence(tmp_path):
    with pytest.raises(ConfigError, match="cannot be read"):
        read_settings(tmp_path / "none.toml")
    with pytest.raises(ConfigError, match="cannot be written"):
        write_settings(tmp_path / "none.toml", "", "")
