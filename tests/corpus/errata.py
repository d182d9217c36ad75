"""Write ``docs/oracle-errata.md`` from ``errata.toml``: ``python tests/corpus/errata.py``."""

from pathlib import Path

from hh_conformance.mappers import Erratum, read_errata

FILE = Path(__file__).with_name("errata.toml")
PAGE = Path(__file__).parents[2] / "docs/oracle-errata.md"
_HEAD = """# Errata of the corpus

The corpus in `tests/corpus` comes with an oracle that was made by a script from what each program
did and what the server answered. These of its facts are wrong, or ask for what no reader of the
export can know; `hh conformance mapper --errata tests/corpus/errata.toml` does not ask for them.

`sums` are the tokens of a flow's sessions. One meaning of a count holds for all providers:
`prompt_tokens` has the cached ones in it, and `completion_tokens` the reasoning.

| flow | span | fact | evidence |
|---|---|---|---|
"""


def page() -> str:
    return _HEAD + "".join(map(_row, read_errata(FILE)))


def _row(one: Erratum) -> str:
    span = "" if one.span is None else one.span
    return f"| `{one.flow}` | {span} | {one.fact} | {one.evidence} |\n"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
