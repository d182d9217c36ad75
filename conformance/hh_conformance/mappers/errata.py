"""Facts of an oracle that are wrong, each with its evidence: a TOML file beside the corpus."""

import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from hh_core.errors import ConfigError


@dataclass(frozen=True, slots=True)
class Erratum:
    flow: str
    fact: str
    """Its kind, as the suite names it: ``sums``, ``type``, ``tokens``, …"""
    evidence: str
    span: int | None = None
    """Of a span its number in the oracle; None: of the flow as a whole."""


Excused = frozenset[tuple[str, int | None, str]]
"""Flow, span and kind of fact."""


def read_errata(path: Path) -> Sequence[Erratum]:
    """The entries ``[[wrong]]`` of a file. Raises ``ConfigError`` for what is not one."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
        return [Erratum(**entry) for entry in document["wrong"]]
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise ConfigError(f"{path}: {error}") from error


def excused(errata: Iterable[Erratum]) -> Excused:
    """What need not be right."""
    return frozenset((one.flow, one.span, one.fact) for one in errata)
