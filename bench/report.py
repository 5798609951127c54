"""What a benchmark found, in the form that other programs rely on."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(slots=True)
class Report:
    """Figures (each name ends in its unit), ratios of them, and the goals for ratios (``{"min": 0.35}``)."""

    bench: str
    figures: dict[str, float] = field(default_factory=dict)
    ratios: dict[str, float] = field(default_factory=dict)
    goals: dict[str, Mapping[str, float]] = field(default_factory=dict)
    not_measured: list[str] = field(default_factory=list)

    @property
    def missed(self) -> list[str]:
        """The ratios that miss their goals."""
        return [
            name
            for name, goal in self.goals.items()
            if name in self.ratios
            and not goal.get("min", float("-inf")) <= self.ratios[name] <= goal.get("max", float("inf"))
        ]

    def record(self) -> dict[str, Any]:
        """The report as one JSON object."""
        return {
            "bench": self.bench,
            "figures": {n: _rounded(v) for n, v in self.figures.items()},
            "ratios": {n: _rounded(v) for n, v in self.ratios.items()},
            "goals": {n: dict(g) for n, g in self.goals.items()},
            "missed": self.missed,
            "not_measured": self.not_measured,
        }

    def table(self) -> str:
        """The report for people."""
        lines = [f"{name:48} {_rounded(value):>12,}" for name, value in self.figures.items()]
        for name, value in self.ratios.items():
            goal = ", ".join(f"{k} {v}" for k, v in self.goals.get(name, {}).items())
            verdict = "missed" if name in self.missed else "met" if goal else ""
            lines.append(f"{name:48} {_rounded(value):>12,}  {goal} {verdict}".rstrip())
        lines += [f"{name:48} {'not measured':>12}" for name in self.not_measured]
        return "\n".join(lines)


def _rounded(value: float) -> float:
    """Four significant digits are more than the machine is good for."""
    return float(f"{value:.4g}")
