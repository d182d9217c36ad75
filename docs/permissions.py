"""Write ``docs/permissions.md`` from the policy table: ``make docs``.

A test fails while the file differs from what the table says, so nobody may what is not written.
"""

import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

from hh_core.domain.api_keys import PREFIX
from hh_core.domain.policy import OPERATIONS, Audience, Operation, Plane
from hh_core.domain.scopes import Level

TARGET = Path(__file__).with_name("permissions.md")

INTRODUCTION = """\
# Who may do what

Every operation of both planes stands here once, by its `operationId` in the OpenAPI documents; one
that does not stand here does not start. Code, this page and the tests are made from one table
(`hh_core/domain/policy.py`).

**Roles** are held in one organisation, one workspace or one project, and do not cascade: the
administrator of an organisation sees nothing of a project that nobody has let him into. Whoever
makes an organisation, a workspace or a project becomes its administrator, and the last one stays.
An invitation gives no role until the invited has accepted it with its token.

**API keys** reach nothing outside of where they were made. A project, read-only or ingestion key
may do what its kind may; a data-plane or control-plane key only what was chosen for it, by the
names in the column *permission*, and below its root no more than its maker may himself. No key
makes keys, members, data planes, workspaces or projects.

What somebody may not see is answered as what does not exist (404); what he sees but may not do
is a 403.

This page is made from the policy table by `make docs`.
"""

_TITLES = {
    Level.ORGANISATION: "organisation",
    Level.WORKSPACE: "workspace",
    Level.PROJECT: "project",
}


def page() -> str:
    parts = [INTRODUCTION, "## Kinds of keys\n", _kinds()]
    for plane, title in ((Plane.CONTROL, "Control plane"), (Plane.DATA, "Data plane")):
        rows = [row for row in OPERATIONS if row.plane is plane]
        parts.append(f"## {title}\n")
        parts.extend(_open(rows))
        for level, name in _TITLES.items():
            if of_level := [row for row in rows if row.level is level]:
                article = "an" if name[0] in "aeiou" else "a"
                parts += [f"### In {article} {name}\n", _table(of_level)]
    return "\n".join(parts).rstrip() + "\n"


def _kinds() -> str:
    lines = ["| kind | begins with |", "|---|---|"]
    lines += [f"| {_plain(kind)} | `{prefix}` |" for kind, prefix in reversed(PREFIX.items())]
    return "\n".join([*lines, ""])


def _open(rows: Iterable[Operation]) -> Iterator[str]:
    audiences = (
        (Audience.PUBLIC, "Open to anybody"),
        (Audience.PERSON, "Whoever has signed in, about himself"),
    )
    for audience, title in audiences:
        if names := [name for row in rows if row.audience is audience for name in _names(row)]:
            yield f"**{title}:** {', '.join(names)}.\n"


def _table(rows: Iterable[Operation]) -> str:
    lines = ["| operation | roles | keys | permission |", "|---|---|---|---|"]
    for row in rows:
        roles = ", ".join(f"`{role}`" for role in sorted(row.roles))
        keys = ", ".join(_plain(kind) for kind in sorted(row.keys)) or "none"
        fine = any(kind.is_fine_grained for kind in row.keys)
        permission = f"`{row.permission}`" if fine else ""
        lines.append(f"| {', '.join(_names(row))} | {roles} | {keys} | {permission} |")
    return "\n".join([*lines, ""])


def _names(row: Operation) -> list[str]:
    return [f"`{name}`" for name in (row.name, *row.also)]


def _plain(kind: str) -> str:
    return kind.replace("_", " ")


if __name__ == "__main__":
    TARGET.write_text(page())
    sys.stdout.write(f"{TARGET.name} written\n")
