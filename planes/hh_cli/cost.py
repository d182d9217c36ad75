"""The derivation of a cost on a terminal."""

from collections.abc import Mapping
from typing import Any

from rich.table import Table

from hh_cli.screen import out, styled

Document = Mapping[str, Any]


def print_cost(derived: Document) -> None:
    """What it costs and why, the counts with where each was found, the charges with their sum."""
    usd = derived["usd"]
    out.print(
        styled("unknown" if usd is None else f"${usd}", "bold"), styled(derived["why"], "dim")
    )
    named = " ".join(str(derived[name]) for name in ("provider", "model") if derived[name])
    out.print(styled(f"{named or 'no model'}, {derived['tier']} tier, on {derived['day']}"))
    for name, text in (("told_usd", "the span tells"), ("computed_usd", "by the book")):
        if derived[name] is not None and derived[name] != usd:
            out.print(styled(f"{text}: ${derived[name]}"))
    if derived["usage"]:
        out.print(_counts(derived["usage"]))
    if derived["charges"]:
        out.print(_charges(derived["charges"]))
    _print_entry(derived)


def _counts(usage: list[Document]) -> Table:
    table = Table("count", "kind", "found in", "how", box=None, pad_edge=False)
    table.columns[0].justify = "right"
    for count in usage:
        found = count["found_in"] or count["mapper"] or ""
        number = "" if count["count"] is None else f"{count['count']:,}"
        table.add_row(number, styled(count["kind"]), styled(found, "dim"), styled(count["how"]))
    return table


def _charges(charges: list[Document]) -> Table:
    table = Table("amount", "of", "price", "dollars", box=None, pad_edge=False)
    for column in (0, 2, 3):
        table.columns[column].justify = "right"
    for charge in charges:
        above = f", above {charge['above']:,}" if charge["above"] else ""
        tier = f", {charge['tier']}" if charge["tier"] != "standard" else ""
        own = charge["price_of"] == charge["unit"]
        taken = "" if own else f" (as {charge['price_of']})"
        what = styled(f"{charge['unit']}{taken}{tier}{above}")
        table.add_row(f"{charge['amount']:,}", what, charge["price_usd"], charge["usd"])
    return table


def _print_entry(derived: Document) -> None:
    entry = derived["entry"]
    if entry is None:
        out.print(styled(f"price book {derived['price_book']}", "dim"))
        return
    days = " ".join(f"{name} {entry[name]}" for name in ("since", "until") if entry[name])
    parts = (
        f"{entry['provider']} {entry['model']} ({entry['matched']})",
        f"from {entry['origin']}",
        days,
        entry["source"],
        f"price book {derived['price_book']}",
    )
    out.print(styled(", ".join(part for part in parts if part), "dim"))
