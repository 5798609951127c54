"""``python -m bench read``: how fast statements are read on one core, and how the cost grows."""

import gc
import importlib
import importlib.util
import resource
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from statistics import mean, median, quantiles
from typing import Any

from bench.finding import one_alternation, term_by_term
from bench.newsroom import EACH, Newsroom
from bench.report import Report
from bench.rounds import QUICK_ROUNDS, ROUNDS, Times, paired, race, seconds
from bench.stages import uncut, watched
from bench.texts import joined, labelled, more_terms
from nkwatch.catalogue.rules import load_rules
from nkwatch.catalogue.stories import load_vocabulary
from nkwatch.domain.statement import Statement
from nkwatch.reading import read
from nkwatch.reading.folding import fold
from nkwatch.reading.rules import Rules
from nkwatch.reading.stories import Placed, Shelf

#: Statements a second on one core.
WANTED = 1_500
#: Milliseconds in which a statement is to find its story.
PROMPT = 20
#: Numbers of reports and events that stand on no shelf.
NEW = 10_000_000
LENGTHS = {"2k": 2_000, "8k": 8_000, "20k": 20_000, "100k": 100_000}


@dataclass(frozen=True, slots=True)
class Sizes:
    """How many statements are read, by whom; how many stand on each shelf; how many are placed."""

    statements: int = 1_500
    #: for the two peers, which need longer
    one_by_one: int = 50
    alternating: int = 200
    embedded: int = 100
    #: characters in each language, and so the longest text
    characters: int = 100_000
    of_more_terms: int = 800
    #: every so many of the lexicon's terms, where others find them, too
    every: int = 1
    times_as_many_terms: tuple[int, ...] = (1, 4, 16)
    shelves: tuple[tuple[str, int], ...] = (("1k", 1_000), ("10k", 10_000), ("100k", 100_000))
    placed: int = 300
    rounds: int = ROUNDS


QUICK = Sizes(
    statements=100,
    one_by_one=2,
    alternating=10,
    embedded=10,
    characters=16_000,
    of_more_terms=30,
    every=8,
    times_as_many_terms=(1, 4),
    shelves=(("1k", 1_000),),
    placed=40,
    rounds=QUICK_ROUNDS,
)
GOALS = {
    "read_of_1500_statements_per_second": {"min": 1.0},
    "time_per_character_20k_over_2k": {"max": 1.5},
    "time_per_character_100k_over_2k": {"max": 1.5},
    "time_per_character_100k_uncut_over_2k": {"max": 1.5},
    "time_with_16x_terms_over_1x": {"max": 1.5},
    "placing_among_100k_over_1k": {"max": 10.0},
    "placing_among_100k_median_of_20_milliseconds": {"max": 1.0},
    "placing_among_100k_p99_of_20_milliseconds": {"max": 1.0},
}


def run(*, quick: bool, model: Path | None = None) -> Report:
    """All comparisons, each round by round in turn; `model` is a folder with a model of sentence-transformers."""
    sizes = QUICK if quick else Sizes()
    report = Report("read")
    # first, while nothing else has been taken from memory and given back
    _stories(report, sizes)
    rules, statements = load_rules(), labelled()
    _whole(report, sizes, rules, statements)
    _terms(report, sizes, rules, statements)
    _embeddings(report, sizes, rules, statements, model)
    _lengths(report, sizes, rules, statements[: sizes.statements])
    _more_terms(report, sizes, rules, statements)
    report.goals |= GOALS
    report.not_measured += [name for name in GOALS if name not in report.ratios]
    return report


def _reader(statements: Sequence[Statement], rules: Rules) -> Callable[[], None]:
    def work() -> None:
        for one in statements:
            read(one, rules)

    return work


def _rate(times: Times, name: str, count: int) -> float:
    return count / median(times[name])


def _whole(report: Report, sizes: Sizes, rules: Rules, statements: Sequence[Statement]) -> None:
    """The whole reading, of all and of what is on North Korea, and its stages."""
    taken = statements[: sizes.statements]
    about = [s for s in taken if read(s, rules).about_nk]
    spent: list[Mapping[str, float]] = []

    def in_stages() -> None:
        with watched(rules) as (observed, watch):
            _reader(taken, observed)()
        spent.append(dict(watch.spent))

    times = race({"all": _reader(taken, rules), "on_nk": _reader(about, rules), "stages": in_stages}, sizes.rounds)
    rate = _rate(times, "all", len(taken))
    report.figures |= {
        "read_statements_per_second": rate,
        "read_on_north_korea_statements_per_second": _rate(times, "on_nk", len(about)),
        "read_mean_length_characters": mean(len(s.title) + len(s.text) for s in taken),
        "read_on_north_korea_percent": 100 * len(about) / len(taken),
    }
    for stage in spent[-1]:
        each = median(one[stage] for one in spent[1:]) / len(taken)
        report.figures[f"stage_{stage}_microseconds_per_statement"] = each * 1e6
    report.ratios["read_of_1500_statements_per_second"] = rate / WANTED


def _terms(report: Report, sizes: Sizes, rules: Rules, statements: Sequence[Statement]) -> None:
    """The terms alone, beside `re`. The peers need longer and get fewer texts, the first of the same ones."""
    lexicon = replace(rules.lexicon, terms=rules.lexicon.terms[:: sizes.every])
    terms = lexicon.terms
    counts = {"nkwatch": sizes.statements, "term_by_term": sizes.one_by_one, "one_alternation": sizes.alternating}
    finders = {"term_by_term": term_by_term(terms), "one_alternation": one_alternation(terms)}

    def ours(count: int) -> None:
        for one in statements[:count]:
            lexicon.hits("text", f"{one.title}\n{one.text}", one.language)

    def theirs(name: str) -> None:
        for one in statements[: counts[name]]:
            finders[name](fold(f"{one.title}\n{one.text}").text)

    works = {name: partial(theirs, name) for name in finders}
    beside = {f"beside_{name}": partial(ours, counts[name]) for name in finders}
    times = race({"nkwatch": partial(ours, sizes.statements)} | works | beside, sizes.rounds)
    report.figures["terms_number"] = len(terms)
    for name, count in counts.items():
        report.figures[f"finding_terms_{name}_statements_per_second"] = _rate(times, name, count)
    for name in finders:
        report.ratios[f"finding_terms_over_{name}"] = paired(times, name, f"beside_{name}")


def _embeddings(
    report: Report, sizes: Sizes, rules: Rules, statements: Sequence[Statement], model: Path | None
) -> None:
    """Sentence embeddings on one core, where the package and a model are there: nothing is downloaded."""
    if model is None or not model.is_dir() or not importlib.util.find_spec("sentence_transformers"):
        report.not_measured += ["embeddings_statements_per_second", "read_over_embeddings"]
        return
    importlib.import_module("torch").set_num_threads(1)
    encoder: Any = importlib.import_module("sentence_transformers").SentenceTransformer(str(model), device="cpu")
    taken = statements[: sizes.embedded]
    texts = [f"{one.title}\n{one.text}" for one in taken]
    times = race(
        {"nkwatch": _reader(taken, rules), "embeddings": partial(encoder.encode, texts, show_progress_bar=False)},
        sizes.rounds,
    )
    report.figures["embeddings_statements_per_second"] = _rate(times, "embeddings", len(taken))
    report.ratios["read_over_embeddings"] = paired(times, "embeddings", "nkwatch")


def _lengths(report: Report, sizes: Sizes, rules: Rules, statements: Sequence[Statement]) -> None:
    """The same characters, cut into statements of different lengths."""
    about = [s for s in statements if read(s, rules).about_nk]
    cut = {n: joined(about, length, sizes.characters) for n, length in LENGTHS.items() if length <= sizes.characters}

    def to_the_end(some: Sequence[Statement]) -> None:
        with uncut():
            _reader(some, rules)()

    works = {name: _reader(some, rules) for name, some in cut.items()}
    works |= {f"{name}_uncut": partial(to_the_end, some) for name, some in cut.items() if name == "100k"}
    times = race(works, sizes.rounds)
    total = sum(len(s.text) for s in cut["2k"])
    for name in times:
        report.figures[f"length_{name}_nanoseconds_per_character"] = median(times[name]) / total * 1e9
    for name in list(times)[1:]:
        report.ratios[f"time_per_character_{name}_over_2k"] = paired(times, name, "2k")


def _more_terms(report: Report, sizes: Sizes, rules: Rules, statements: Sequence[Statement]) -> None:
    """The whole reading with the terms there are, and with several times as many."""
    taken = statements[: sizes.of_more_terms]
    works: dict[str, Callable[[], None]] = {}
    for as_many in sizes.times_as_many_terms:
        terms = more_terms(rules.lexicon.terms[:: sizes.every], as_many, statements)
        more = replace(rules, lexicon=replace(rules.lexicon, terms=terms))
        works[f"{as_many}x"] = _reader(taken, more)
        hits = sum(len(more.lexicon.hits("text", s.text, s.language)) for s in taken)
        report.figures[f"terms_{as_many}x_hits_per_statement"] = hits / len(taken)
    times = race(works, sizes.rounds)
    for name in works:
        report.figures[f"terms_{name}_read_statements_per_second"] = _rate(times, name, len(taken))
    for name in list(works)[1:]:
        report.ratios[f"time_with_{name}_terms_over_1x"] = paired(times, name, "1x")


def _stories(report: Report, sizes: Sizes) -> None:
    """The same reports, placed among few and many: half are on events that every shelf knows."""
    vocabulary = load_vocabulary()
    newsroom = Newsroom(vocabulary.shares)
    shelves: dict[str, Shelf] = {}
    for name, count in sizes.shelves:
        before = _resident()
        shelf = shelves[name] = Shelf(vocabulary=vocabulary)
        for one in newsroom.reports(count):
            shelf.add(Placed(one, f"event {int(one.id) // EACH}"))
        report.figures[f"index_{name}_megabytes"] = (_resident() - before) / 1e6
    took: dict[str, list[float]] = {name: [] for name in shelves}
    known = sizes.shelves[0][1] // EACH
    for number in range(sizes.placed):
        one = newsroom.report(number % known if number % 2 else NEW + number, NEW + number)
        for name, shelf in shelves.items():
            took[name].append(1_000 * seconds(partial(shelf.place, one)))
    for name, milliseconds in took.items():
        report.figures[f"placing_among_{name}_median_milliseconds"] = median(milliseconds)
        report.figures[f"placing_among_{name}_p99_milliseconds"] = quantiles(milliseconds, n=100)[-1]
    if "100k" in took:
        middle, slow = median(took["100k"]), quantiles(took["100k"], n=100)[-1]
        report.ratios |= {
            "placing_among_100k_over_1k": middle / median(took["1k"]),
            "placing_among_100k_median_of_20_milliseconds": middle / PROMPT,
            "placing_among_100k_p99_of_20_milliseconds": slow / PROMPT,
        }


def _resident() -> int:
    """Bytes of memory that this process holds."""
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()
