"""The published table: which instrumentor, in which version, is mapped how well."""

from collections.abc import Iterable, Iterator, Sequence

from hh_conformance.mappers.corpus import Flow
from hh_conformance.mappers.report import Report

_HEAD = """# Instrumentors

What the mappers make of real exports: one row for each package of the corpus in `tests/corpus`, in
the version that made them. A number is how many facts were asked for and are right; where some are
not, it says how many are. `sums` are the tokens of the flows' sessions, each call counted once.

This page is generated, and a test keeps it current:

```console
$ hh conformance mapper --corpus tests/corpus/corpus.tar.xz --errata tests/corpus/errata.toml \\
    --matrix docs/instrumentors.md --bar 100 --faults 16
```

What the corpus itself has wrong is not asked for: [errata](oracle-errata.md).
"""


def page(report: Report, flows: Sequence[Flow]) -> str:
    """The whole page as Markdown."""
    return "\n".join([_HEAD, *_table(report, flows), ""])


def _table(report: Report, flows: Sequence[Flow]) -> Iterator[str]:
    kinds = sorted({kind for _, kind in report.asked})
    versions = {flow.package: _version(flow) for flow in flows}
    counts = {package: 0 for package in versions}
    for flow in flows:
        counts[flow.package] += 1
    yield f"| convention | package | version | flows | facts | {' | '.join(kinds)} |"
    yield "|---" * (5 + len(kinds)) + "|"
    for package in sorted(versions):
        convention, _, name = package.partition("/")
        cells = [_cell(report, [(package, kind)]) for kind in kinds]
        whole = _cell(report, [(package, kind) for kind in kinds])
        row = (convention, name, versions[package], str(counts[package]), whole, *cells)
        yield f"| {' | '.join(row)} |"
    total = [_cell(report, [(package, kind) for package in versions]) for kind in kinds]
    whole = _cell(report, report.asked)
    yield f"| **all** | {len(versions)} | | {len(flows)} | {whole} | {' | '.join(total)} |"


def _version(flow: Flow) -> str:
    """Of the package that the flow is named after, with what it instruments."""
    return ", ".join(
        f"{name} {version}" for name, version in sorted(flow.expected["versions"].items())
    )


def _cell(report: Report, keys: Iterable[tuple[str, str]]) -> str:
    chosen = list(keys)
    right, asked = (sum(count[key] for key in chosen) for count in (report.right, report.asked))
    return "" if not asked else str(asked) if right == asked else f"**{right}** of {asked}"
