"""``hh conformance mapper``: what the installed mappers make of a corpus of real exports."""

from pathlib import Path

from hh_cli.screen import out
from hh_core.domain.event import Mapper
from hh_core.errors import ConfigError
from hh_core.hooks import load_mappers

FAILED = 1


def run_mappers(
    corpus: Path,
    *,
    chosen: frozenset[str] = frozenset(),
    errata: Path | None = None,
    bar: float = 100.0,
    faults: int = 0,
    page: Path | None = None,
    verbose: bool = False,
) -> int:
    """Print facts right by kind and package, shape problems and attributes that are nowhere; with
    ``page`` also write the table of instrumentors. Answers 0 if at least ``bar`` percent of the
    facts are right, at most ``faults`` events out of shape or attributes nowhere, and nothing
    raised, else 1. Raises ``ConfigError`` for what does not read."""
    try:
        from hh_conformance import mappers as suite
    except ImportError as error:
        raise ConfigError("the suites need: pip install 'hh-platform[conformance]'") from error
    flows = list(suite.read_corpus(corpus))
    known = suite.read_errata(errata) if errata is not None else ()
    report = suite.judge(_mappers(chosen), flows, suite.excused(known))
    lines = [*suite.summary(report), *(suite.problems(report) if verbose else ())]
    for line in lines:
        out.print(line, markup=False, highlight=False, soft_wrap=True)
    if page is not None:
        page.write_text(suite.page(report, flows), encoding="utf-8")
    return 0 if report.passes(bar, faults) else FAILED


def _mappers(chosen: frozenset[str]) -> list[Mapper]:
    found = [mapper for mapper in load_mappers() if not chosen or mapper.name in chosen]
    missing = chosen - {mapper.name for mapper in found}
    if missing:
        raise ConfigError(f"no mapper is called {', '.join(sorted(missing))}")
    return found
