"""Reads and writes weights.tsv: a line for each head and feature, `head`, `feature` and weight between tabs."""

from collections import defaultdict
from collections.abc import Iterable
from math import isfinite

from nkwatch.catalogue.shipped import shipped
from nkwatch.domain.problems import ConfigError
from nkwatch.reading.weights import Head, Weights

#: The feature that is always there.
BIAS = "(bias)"
VERSION = "# version: "


def load_weights(text: str = "") -> Weights:
    """The weights in `text`, or those that ship with nkwatch. Raises `ConfigError` with the line that is wrong."""
    lines = (text or shipped("weights.tsv")).splitlines()
    version = next((line.removeprefix(VERSION) for line in lines if line.startswith(VERSION)), "")
    biases: dict[str, float] = {}
    heads: dict[str, dict[str, float]] = defaultdict(dict)
    for number, line in enumerate(lines, 1):
        if line and not line.startswith("#"):
            head, feature, weight = _row(line, number)
            if feature == BIAS:
                biases[head] = weight
            else:
                heads[head][feature] = weight
    if bare := [head for head in heads if head not in biases]:
        raise ConfigError(f"weights.tsv: no line of {', '.join(bare)} has the feature {BIAS}")
    return Weights(version, {name: Head(bias, heads[name]) for name, bias in biases.items()})


def written(weights: Weights, notes: Iterable[str]) -> str:
    """The text of a file with these weights, the strongest of each head first, under these notes."""
    lines = [*(f"# {note}" for note in notes), f"{VERSION}{weights.version}"]
    for name, head in weights.heads.items():
        ranked = sorted(head.weights.items(), key=lambda pair: (-abs(pair[1]), pair[0]))
        lines += [f"{name}\t{feature}\t{weight:g}" for feature, weight in ((BIAS, head.bias), *ranked)]
    return "\n".join(lines) + "\n"


def _row(line: str, number: int) -> tuple[str, str, float]:
    try:
        head, feature, written_weight = line.split("\t")
        weight = float(written_weight)
    except ValueError as wrong:
        raise ConfigError(f"weights.tsv, line {number}: expected head, feature and weight between tabs") from wrong
    if not isfinite(weight):
        raise ConfigError(f"weights.tsv, line {number}: {weight} is no weight")
    return head, feature, weight
