"""Weights learned from labelled statements: repeatable, going where the labels point, and those that ship."""

import os
import subprocess
import sys
from dataclasses import replace
from importlib.util import find_spec

import pytest

from nkwatch.catalogue.labelled import load_labelled
from nkwatch.catalogue.themes import load_lexicon
from nkwatch.catalogue.weights import load_weights
from nkwatch.domain.labelled import Labelled
from nkwatch.domain.problems import ConfigError
from nkwatch.domain.reading import Urgency
from nkwatch.learning import learn
from nkwatch.reading.lexicon import CUE, THEME, WORD
from nkwatch.reading.weights import NOTABLE, URGENT, Weights
from tests.making import lexicon

# imported by who runs these tests alone: it takes seconds
pytestmark = pytest.mark.skipif(find_spec("sklearn") is None, reason="learning needs scikit-learn")

#: A weight is written with three places; solvers of other builds agree less.
NEAR = 0.02
LEXICON = lexicon({"theme:prisons": ["camp"], "theme:health": ["clinic"], f"{CUE}detention": ["arrested"]})


def labelled(text: str, *themes: str, urgency: Urgency = Urgency.ROUTINE, **fields: object) -> Labelled:
    return Labelled("x", "", text, "en", about_nk=True, themes=themes, urgency=urgency, **fields)  # type: ignore[arg-type]


TEXTS = [
    *(labelled(f"A camp beyond hill {n}.", "prisons") for n in range(20)),
    *(labelled(f"A clinic beyond hill {n}.", "health") for n in range(20)),
    *(labelled(f"Arrested beyond hill {n}.", "prisons", urgency=Urgency.URGENT) for n in range(20)),
]


def weight(weights: Weights, head: str, feature: str) -> float:
    return weights.heads[head].weights.get(feature, 0.0)


def test_the_same_statements_give_the_same_weights() -> None:
    assert learn(TEXTS, LEXICON) == learn(list(TEXTS), LEXICON)


@pytest.mark.parametrize("seed", ["1", "2"])
def test_every_process_gives_them_the_same_version(seed: str) -> None:
    told = [replace(one, optional=frozenset({"health", "women", "children", "labour"})) for one in TEXTS]
    script = (
        "from tests.test_learning import *\n"
        "sets = frozenset({'health', 'women', 'children', 'labour'})\n"
        "print(learn([replace(one, optional=sets) for one in TEXTS], LEXICON).version)"
    )
    path = os.pathsep.join(sys.path)
    ended = subprocess.run(
        [sys.executable, "-c", script], env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": path}, check=True,
        capture_output=True, text=True,
    )  # fmt: skip
    assert ended.stdout.strip() == learn(told, LEXICON).version


def test_a_list_counts_for_the_theme_of_the_statements_that_have_its_terms() -> None:
    weights = learn(TEXTS, LEXICON)
    assert set(weights.heads) == {"prisons", "health", URGENT, NOTABLE}
    assert weight(weights, "prisons", f"{THEME}prisons") > 0 > weight(weights, "health", f"{THEME}prisons")
    assert weight(weights, URGENT, f"{CUE}detention") > 0
    # words are features of their own where no list has them, and cues tell no theme
    assert weight(weights, "health", f"{WORD}clinic") > 0
    assert not any(name.startswith(CUE) for name in weights.heads["prisons"].weights)


@pytest.mark.parametrize("head", ["health", URGENT])
def test_corrections_shift_what_they_contradict(head: str) -> None:
    before = learn(TEXTS, LEXICON)
    ours = [labelled(f"A camp beyond hill {n}.", "health", urgency=Urgency.URGENT) for n in range(5)]
    once, often = learn([*TEXTS, *ours], LEXICON), learn([*TEXTS, *ours * 5], LEXICON)
    shifts = [weight(of, head, f"{THEME}prisons") for of in (before, once, often)]
    assert shifts == sorted(shifts)
    assert shifts[0] < shifts[-1]
    assert len({of.version for of in (before, once, often)}) == 3


def test_an_optional_theme_teaches_less() -> None:
    odd = [labelled(f"A camp beyond hill {n}.", "prisons", "health") for n in range(8)]
    disputed = [replace(one, optional=frozenset({"health"})) for one in odd]
    sure, unsure = (weight(learn([*TEXTS, *more], LEXICON), "health", f"{THEME}prisons") for more in (odd, disputed))
    assert unsure < sure


def test_nothing_is_learned_from_what_is_not_on_north_korea() -> None:
    others = [replace(one, about_nk=False, themes=()) for one in TEXTS]
    assert learn([*TEXTS, *others], LEXICON).heads == learn(TEXTS, LEXICON).heads


def test_words_are_counted_as_their_script_has_them() -> None:
    def words(text: str) -> set[str]:
        learned = learn([*TEXTS, *[labelled(text, "health", "prisons")] * 8], LEXICON)
        return {name.removeprefix(WORD) for name in learned.heads["health"].weights if name.startswith(WORD)}

    assert "prisoner" in words("Prisoners wait.")
    assert {"수용", "수용소"} <= words("수용소에서 기다린다.")
    assert "収容" in words("収容所で待つ。")


def test_a_theme_that_no_statement_has_is_told() -> None:
    more = lexicon({"theme:prisons": ["camp"], "theme:health": ["clinic"], "theme:sport": ["ball"]})
    with pytest.raises(ConfigError, match="sport: all labelled statements say the same of this"):
        learn(TEXTS, more)


def test_what_ships_is_learned_from_what_ships() -> None:
    learned, shipped = learn(load_labelled(), load_lexicon()), load_weights()
    assert learned.version == shipped.version
    assert list(learned.heads) == list(shipped.heads)
    for name, head in learned.heads.items():
        known = shipped.heads[name]
        assert head.bias == pytest.approx(known.bias, abs=NEAR)
        assert set(head.weights) == set(known.weights), name
        assert dict(head.weights) == pytest.approx(dict(known.weights), abs=NEAR), name
