"""Weights from labelled statements."""

import hashlib
import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache
from typing import Any

from nkwatch.domain.labelled import Labelled
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.reading import Urgency
from nkwatch.reading.features import BEGINNING, features
from nkwatch.reading.folding import fold
from nkwatch.reading.language import language
from nkwatch.reading.lexicon import CUE, SIGNS, THEME, WEAK, WORD, Lexicon, Term
from nkwatch.reading.weights import NOTABLE, URGENT, Head, Weights

#: A word counts when at least this many statements have it.
COMMON = 8
#: Runs of so many letters stand for words where a script writes none (Chinese, Japanese) or appends particles (Korean).
RUNS = (2, 3, 4)
#: How freely weights may leave zero (scikit-learn's C), of themes and of urgency.
FREEDOM, FREEDOM_OF_URGENCY = 0.3, 0.3
#: Words get less freedom than lists: lists hold in texts that no labelled statement is like.
CAUTION = 0.4
#: A theme that another annotator would leave out teaches less.
OPTIONAL = 0.3
#: Weights nearer to zero than this are left out of the file.
SLIGHT = 0.05

_WORD = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*")
_CJK = re.compile(r"[぀-ヿ㐀-鿿가-힣]")

Row = Mapping[str, float]


def learn(labelled: Sequence[Labelled], lexicon: Lexicon) -> Weights:
    """The weights that best tell the labels of these statements, of those on North Korea.

    The same statements and terms give the same weights. Raises `ConfigError` without scikit-learn.
    """
    regression, table_of = _parts()
    statements = [one for one in labelled if one.about_nk]
    listed = (term for term in lexicon.terms if not term.list.startswith(WORD))
    read_by = replace(lexicon, terms=(*listed, *_words(statements)))
    rows = [_row(one, read_by) for one in statements]
    fit = _fitting(rows, regression, table_of)
    told = {t.code: _theme(statements, t.code) for t in lexicon.themes}
    levels = {URGENT: [s.urgency is Urgency.URGENT for s in statements]}
    levels[NOTABLE] = [s.urgency > Urgency.ROUTINE for s in statements]
    _both({name: answers for name, (answers, _) in told.items()} | levels)
    heads = {name: fit(*answers, of_theme, FREEDOM) for name, answers in told.items()}
    heads |= {name: fit(answers, None, of_urgency, FREEDOM_OF_URGENCY) for name, answers in levels.items()}
    return Weights(_version(labelled), heads)


def of_theme(feature: str) -> bool:
    """Whether a feature may tell a theme."""
    return feature.startswith((THEME, WEAK, SIGNS, WORD))


def of_urgency(feature: str) -> bool:
    """Whether a feature may tell urgency: the themes do, and the cues, alone and in pairs."""
    return of_theme(feature) or feature.startswith(CUE)


def _both(told: Mapping[str, Sequence[bool]]) -> None:
    alike = [name for name, answers in told.items() if len(set(answers)) < len((True, False))]
    if alike:
        raise ConfigError(
            f"{', '.join(alike)}: all labelled statements say the same of this, so nothing is learned; label others too"
        )


def _theme(statements: Sequence[Labelled], code: str) -> tuple[list[bool], list[float]]:
    return [code in s.themes for s in statements], [OPTIONAL if code in s.optional else 1.0 for s in statements]


def _row(one: Labelled, lexicon: Lexicon) -> Row:
    texts = {"title": one.title, "text": one.text}
    written_in = language(" ".join(texts.values()), one.language)
    hits = [h for name, text in texts.items() for h in lexicon.hits(name, text, written_in)]
    return {name: sign.value for name, sign in features(hits).items()}


def _words(statements: Iterable[Labelled]) -> list[Term]:
    """The words that stand in `COMMON` statements or more, as terms of lists of their own."""
    counts = Counter(word for one in statements for word in _words_of(one))
    return [Term(word, f"{WORD}{word}") for word, times in sorted(counts.items()) if times >= COMMON]


def _words_of(one: Labelled) -> set[str]:
    words = _WORD.findall(fold(f"{one.title}\n{one.text[:BEGINNING]}").text)
    return {part for word in words for part in (_runs(word) if _CJK.search(word) else [_singular(word)])}


def _runs(word: str) -> list[str]:
    return [word[start : start + size] for size in RUNS for start in range(len(word) - size + 1)]


def _singular(word: str) -> str:
    return word[:-1] if len(word) > max(RUNS) and word.endswith("s") else word


Fit = Callable[[Sequence[bool], Sequence[float] | None, Callable[[str], bool], float], Head]


def _parts() -> tuple[Any, Any]:
    """The parts of scikit-learn, before time is spent on what cannot be learned without them."""
    try:
        from sklearn.feature_extraction import DictVectorizer  # noqa: PLC0415  the service runs without it
        from sklearn.linear_model import LogisticRegression  # noqa: PLC0415
    except ImportError as missing:
        raise ConfigError("learning needs scikit-learn: pip install 'nkwatch[learning]'") from missing
    return LogisticRegression, DictVectorizer


def _fitting(rows: Sequence[Row], regression: Any, table_of: Any) -> Fit:
    """A function that fits one head to these rows."""
    counts = Counter(name for row in rows for name in row)
    common = {name for name, times in counts.items() if times >= COMMON}

    @cache
    def table(wanted: Callable[[str], bool]) -> tuple[Any, list[str]]:
        """The rows with these features alone, and the names of its columns: the same for many heads."""
        names = {name for name in common if wanted(name)}
        vectors = table_of(sort=True)
        made = vectors.fit_transform([{n: v * _caution(n) for n, v in r.items() if n in names} for r in rows])
        return made, [str(name) for name in vectors.get_feature_names_out()]

    def fit(told: Sequence[bool], importance: Sequence[float] | None, wanted: Callable[[str], bool], c: float) -> Head:
        columns, names = table(wanted)
        model = regression(C=c, max_iter=1_000, tol=1e-6)
        model.fit(columns, told, sample_weight=importance)
        weights = {n: round(float(w) * _caution(n), 3) for n, w in zip(names, model.coef_[0], strict=True)}
        return Head(round(float(model.intercept_[0]), 3), {n: w for n, w in weights.items() if abs(w) >= SLIGHT})

    return fit


def _caution(feature: str) -> float:
    return CAUTION if feature.startswith(WORD) else 1.0


def _version(labelled: Sequence[Labelled]) -> str:
    """A name for what the weights were learned from."""
    # the order in a set differs from process to process
    told = [(replace(one, optional=frozenset()), sorted(one.optional)) for one in labelled]
    return hashlib.sha256(repr(told).encode()).hexdigest()[:8]
