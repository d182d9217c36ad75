"""What a run found, and how it is told on a terminal."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field

Finding = tuple[str, str, str]
"""Package, kind of fact or rule or attribute, and where."""


@dataclass(slots=True)
class Report:
    """Counts are by package and kind of fact."""

    asked: Counter[tuple[str, str]] = field(default_factory=Counter)
    right: Counter[tuple[str, str]] = field(default_factory=Counter)
    wrong: list[Finding] = field(default_factory=list)
    misshapen: list[Finding] = field(default_factory=list)
    nowhere: list[Finding] = field(default_factory=list)
    raised: Counter[str] = field(default_factory=Counter)
    """How often each mapper has raised."""

    def share(self) -> float:
        """Facts that are right, in percent; of no facts at all none are wrong."""
        asked = self.asked.total()
        return 100 * self.right.total() / asked if asked else 100.0

    def passes(self, bar: float, faults: int = 0) -> bool:
        """Whether at least ``bar`` percent of the facts are right, at most ``faults`` events are
        misshapen or attributes nowhere, and no mapper has raised."""
        found = len(self.misshapen) + len(self.nowhere)
        return self.share() >= bar and found <= faults and not self.raised


def summary(report: Report) -> Iterator[str]:
    """Lines: facts by kind, then what is not perfect by package, then the sums."""
    for kind in sorted({kind for _, kind in report.asked}):
        right, asked = _sum(report.right, kind), _sum(report.asked, kind)
        yield f"{kind:12} {right:6} of {asked:6}  {100 * right / asked:6.2f} %"
    for package in sorted({package for package, _ in report.asked}):
        faults = _faults(report, package)
        if faults:
            yield f"{package}: {faults}"
    raised = ", ".join(f"{name} {count}" for name, count in sorted(report.raised.items()))
    yield f"mappers that raised: {raised or 'none'}"
    yield (
        f"{report.right.total()} of {report.asked.total()} facts ({report.share():.2f} %),"
        f" {len(report.misshapen)} shapes, {len(report.nowhere)} attributes nowhere"
    )


def problems(report: Report) -> Iterator[str]:
    """A line for each thing that is wrong."""
    for what, findings in (
        ("wrong", report.wrong),
        ("shape", report.misshapen),
        ("nowhere", report.nowhere),
    ):
        yield from (f"{what} {kind}: {place}" for _, kind, place in findings)


def _sum(counts: Counter[tuple[str, str]], kind: str) -> int:
    return sum(count for (_, own), count in counts.items() if own == kind)


def _faults(report: Report, package: str) -> str:
    found = Counter(f"wrong {kind}" for own, kind, _ in report.wrong if own == package)
    found.update(f"shape: {rule}" for own, rule, _ in report.misshapen if own == package)
    found.update(f"nowhere: {key}" for own, key, _ in report.nowhere if own == package)
    return ", ".join(f"{what} {count}" for what, count in sorted(found.items()))
