"""Commands on files of statements: read them, measure the reading, learn its weights. No settings, no database."""

import json
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any, TextIO

import typer
from rich.table import Table

from nkwatch.catalogue.labelled import load_labelled, read_labelled
from nkwatch.catalogue.rules import load_rules, load_terms
from nkwatch.catalogue.weights import written
from nkwatch.cli.output import Json, answer, end, page, plain_errors, say
from nkwatch.cli.records import RecordError, readings, record, statement
from nkwatch.domain.labelled import Labelled
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.statement import Statement
from nkwatch.learning import learn as learn_weights
from nkwatch.learning import measure
from nkwatch.learning.measure import Judged
from nkwatch.reading.rules import Rules as ReadingRules

Rules = Annotated[Path | None, typer.Option("--rules", help="A folder with rules of your own, as in the settings.")]
#: Of groups as small as this the figures say nothing.
FEWEST = 5


def read_file(file: Path, rules: Path | None) -> None:
    """Write a reading for each statement of a file of JSON lines, in their order."""
    with plain_errors():
        loaded = load_rules(rules)
        with _opened(file) as lines:
            for one, reading, story in readings(_statements(lines, file), loaded):
                sys.stdout.write(json.dumps(record(one, reading, story), ensure_ascii=False) + "\n")


def evaluate(
    file: Annotated[Path, typer.Argument(help="Labelled statements as JSON lines; - reads standard input.")],
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Measure the reading against labels: precision, recall, F1, each with its 95 % interval.

    Fields: id, title, text, lang, about_nk, themes, optional_themes, urgency, story, publisher, date, url.

    Example: nkwatch evaluate labelled.jsonl --json
    """
    with plain_errors():
        loaded = load_rules(rules)
        with _opened(file) as lines:
            labelled = list(read_labelled(lines, file.name))
        if not labelled:
            end(f"{file}: no labelled statement in it")
        told = judged(labelled, loaded)
        report = {"rules": loaded.version} | _report(told, [t.code for t in loaded.lexicon.themes])
        if as_json:
            answer(report, as_json=True)
        else:
            _show(report)


def learn(
    out: Annotated[Path, typer.Argument(help="The file to write, such as rules/weights.tsv.")],
    more: Annotated[
        list[Path] | None,
        typer.Option(
            "--with",
            help="Labelled statements of your own, such as `nkwatch correct --export` writes. May be repeated.",
        ),
    ] = None,
    times: Annotated[int, typer.Option(min=1, help="How often each of your own counts.")] = 5,
    rules: Rules = None,
    as_json: Json = False,
) -> None:
    """Learn the weights of themes and urgency from the labelled statements that ship with nkwatch, and from yours.

    Example: nkwatch correct --export mine.jsonl && nkwatch learn rules/weights.tsv --with mine.jsonl
    """
    with plain_errors():
        own = [one for file in more or [] for one in _labelled(file)]
        lexicon, shipped = load_terms(rules), load_labelled()
        say(f"learning from {len(shipped)} statements that ship with nkwatch and {len(own)} of yours")
        weights = learn_weights([*shipped, *own * times], lexicon)
        notes = (
            "What each feature counts for each question, learned by `nkwatch learn` from labelled statements.",
            "Features are lists of terms (theme:, weak:, signs:, urgency:), pairs of them, and words (word:).",
        )
        out.parent.mkdir(parents=True, exist_ok=True)
        out.write_text(written(weights, notes), "utf-8")
        figures = {"file": str(out), "version": weights.version, "statements": len(shipped) + len(own)}
        figures["weights"] = sum(len(head.weights) for head in weights.heads.values())
        sys.stdout.write(json.dumps(figures) + "\n" if as_json else f"{figures['weights']} weights in {out}\n")


def judged(labelled: Sequence[Labelled], rules: ReadingRules) -> list[Judged]:
    """Each labelled statement with its reading under these rules and its story among these statements."""
    found = readings((_of(one, n) for n, one in enumerate(labelled, 1)), rules)
    return [Judged(one, reading, story) for one, (_, reading, story) in zip(labelled, found, strict=True)]


def _labelled(file: Path) -> list[Labelled]:
    with _opened(file) as lines:
        return list(read_labelled(lines, file.name))


@contextmanager
def _opened(file: Path) -> Iterator[TextIO]:
    if str(file) == "-":
        yield typer.get_text_stream("stdin", encoding="utf-8-sig", errors="replace")
        return
    try:
        lines = file.open(encoding="utf-8-sig", errors="replace")
    except OSError as wrong:
        raise ConfigError(f"{file}: {wrong.strerror}") from wrong
    with lines:
        yield lines


def _statements(lines: TextIO, file: Path) -> Iterator[Statement]:
    for number, line in enumerate(lines, 1):
        if line.strip():
            try:
                yield statement(line, number)
            except RecordError as wrong:
                say(f"{file}, line {number}: left out: {wrong}")


def _of(one: Labelled, number: int) -> Statement:
    names = {"id": one.id, "title": one.title, "text": one.text, "lang": one.language, "date": one.published}
    return statement(json.dumps(names | {"publisher": one.publisher, "url": one.url}), number)


def _report(told: Sequence[Judged], codes: Sequence[str]) -> dict[str, Any]:
    return {
        "statements": len(told),
        "relevance": asdict(measure.score(told, measure.relevant)),
        "themes": {
            "micro": asdict(measure.micro(told, codes)),
            "macro": asdict(measure.macro(told, codes)),
            "each": {code: asdict(measure.score(told, measure.themed(code))) for code in codes},
        },
        "urgent": asdict(measure.score(told, measure.urgent)),
        "stories": {"pairs": asdict(measure.pairs(told)), "bcubed": asdict(measure.bcubed(told))},
        "by_language": _groups(measure.by(told, lambda one: one.language), codes),
        "by_publisher": _groups(measure.by(told, lambda one: one.publisher), codes),
    }


def _groups(groups: dict[str, list[Judged]], codes: Sequence[str]) -> dict[str, Any]:
    return {
        name: {
            "statements": len(told),
            "relevance": asdict(measure.score(told, measure.relevant)),
            "themes": asdict(measure.micro(told, codes)),
            "urgent": asdict(measure.score(told, measure.urgent)),
        }
        for name, told in groups.items()
        if len(told) >= FEWEST
    }


def _show(report: dict[str, Any]) -> None:
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("", "precision", "recall", "F1", "95 % of F1", "there", "found"):
        table.add_column(name, justify="left" if not name else "right")
    themes, stories = report["themes"], report["stories"]
    rows = {"relevance": report["relevance"], "themes, micro": themes["micro"], "themes, macro": themes["macro"]}
    rows |= {f"  {code}": figures for code, figures in themes["each"].items() if figures["there"] or figures["found"]}
    rows |= {"urgent": report["urgent"], "story pairs": stories["pairs"], "stories, B-cubed": stories["bcubed"]}
    rows |= {f"themes, {name or '?'}": group["themes"] for name, group in report["by_language"].items()}
    for name, figures in rows.items():
        table.add_row(name, *_cells(figures))
    console = page()
    console.print(f"{report['statements']} statements, rules {report['rules']}")
    console.print(table)


def _cells(figures: dict[str, Any]) -> list[str]:
    low, high = figures["f1_interval"]
    shares = [f"{figures[name]:.3f}" if name in figures else "" for name in ("precision", "recall", "f1")]
    return [*shares, f"{low:.2f}-{high:.2f}", str(figures.get("there", "")), str(figures.get("found", ""))]
