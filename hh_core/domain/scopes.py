"""Where something lives: an organisation holds workspaces, a workspace holds projects.

Rights are held at one level and do not cascade: the administrator of an organisation sees nothing
of a project that nobody has let him into.
"""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID


class Level(StrEnum):
    ORGANISATION = "org"
    WORKSPACE = "workspace"
    PROJECT = "project"


class Role(StrEnum):
    """The default roles, named ``<level>.<role>``."""

    ORG_ADMIN = "org.admin"
    ORG_MEMBER = "org.member"
    WORKSPACE_ADMIN = "workspace.admin"
    WORKSPACE_MEMBER = "workspace.member"
    PROJECT_ADMIN = "project.admin"
    PROJECT_MEMBER = "project.member"

    @property
    def level(self) -> Level:
        return Level(self.value.partition(".")[0])


@dataclass(frozen=True, slots=True)
class Scope:
    """An organisation, or a workspace of it, or a project of that."""

    org: UUID
    workspace: UUID | None = None
    project: UUID | None = None

    @property
    def level(self) -> Level:
        if self.project is not None:
            return Level.PROJECT
        return Level.ORGANISATION if self.workspace is None else Level.WORKSPACE

    @property
    def id(self) -> UUID:
        """Of the innermost one."""
        return self.project or self.workspace or self.org

    def holds(self, other: "Scope") -> bool:
        """Whether ``other`` is this scope or lies within it."""
        mine, theirs = (
            (self.org, self.workspace, self.project),
            (
                other.org,
                other.workspace,
                other.project,
            ),
        )
        return all(own is None or own == its for own, its in zip(mine, theirs, strict=True))
