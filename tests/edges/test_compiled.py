"""Templates that were compiled once are not compiled again, and never taken for others."""

import jinja2
import pytest

from nkwatch.mail.compiled import Compiled


class Counting(jinja2.Environment):
    """Counts what it compiles."""

    compiled = 0

    def compile(self, *given, **named):
        self.compiled += 1
        return super().compile(*given, **named)


def rendered(cache, source):
    environment = Counting(loader=jinja2.DictLoader({"mail/x.txt": source}), bytecode_cache=cache)
    return environment.get_template("mail/x.txt").render(), environment.compiled


def test_what_was_compiled_in_this_process_or_an_earlier_one_is_not_compiled_again(tmp_path):
    cache = Compiled("mail", tmp_path)
    assert rendered(cache, "one") == ("one", 1)
    assert rendered(cache, "one") == ("one", 0)
    assert rendered(Compiled("mail", tmp_path), "one") == ("one", 0)


def test_a_template_that_was_changed_is_compiled_anew(tmp_path):
    rendered(Compiled("mail", tmp_path), "one")
    assert rendered(Compiled("mail", tmp_path), "two") == ("two", 1)


@pytest.mark.parametrize("written", [b"", b"rubbish", b"j2" * 400])
def test_a_file_that_is_damaged_costs_time_and_no_more(tmp_path, written):
    rendered(Compiled("mail", tmp_path), "one")
    [file] = tmp_path.iterdir()
    file.write_bytes(written)
    assert rendered(Compiled("mail", tmp_path), "one") == ("one", 1)


def test_a_file_that_was_cut_off_costs_time_and_no_more(tmp_path):
    rendered(Compiled("mail", tmp_path), "one")
    [file] = tmp_path.iterdir()
    whole = file.read_bytes()
    for length in range(0, len(whole), 7):
        file.write_bytes(whole[:length])
        assert rendered(Compiled("mail", tmp_path), "one")[0] == "one"


def test_where_nothing_can_be_written_all_is_compiled(tmp_path):
    (tmp_path / "file").write_text("no folder")
    assert rendered(Compiled("mail", tmp_path / "file"), "one") == ("one", 1)


def test_what_was_compiled_for_a_sandbox_runs_nowhere_else(tmp_path):
    rendered(Compiled("mail", tmp_path), "one")
    assert rendered(Compiled("pages", tmp_path), "one") == ("one", 1)
