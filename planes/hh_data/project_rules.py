"""What the control plane asks for each project, as far as this data plane's operator allows it."""

import time
from collections.abc import Sequence
from pathlib import Path
from uuid import UUID

from hh_core.domain.telemetry import Crossing, Crossings, crossing
from hh_runtime.access_document import AccessDocument
from hh_runtime.current_document import CurrentDocument


class ProjectRules:
    """Raises ``ConfigError`` if there is no readable access document at first, unless it is
    ``awaited`` from a control plane: until then every project is taken for a strict one."""

    def __init__(
        self, path: Path, *, promotable: Sequence[str], is_strict: bool, awaited: bool = False
    ) -> None:
        self._current = CurrentDocument(path, awaited=awaited, clock=time.time)
        self._promotable = promotable
        self._is_strict = is_strict
        self._known: tuple[AccessDocument, Crossings] | None = None

    def crossings(self) -> Crossings:
        document = self._current()
        if self._known is None or self._known[0] is not document:
            self._known = (document, self._read(document))
        return self._known[1]

    def projects(self) -> Sequence[UUID]:
        """All that this data plane knows of."""
        return sorted(self._current().projects)

    def _read(self, document: AccessDocument) -> Crossings:
        rules = {
            id_.bytes: crossing(project.promoted, self._promotable, is_strict=project.strict_names)
            for id_, project in document.projects.items()
        }
        differing = {id_: rule for id_, rule in rules.items() if rule != Crossing()}
        return Crossings(differing, self._is_strict or not document.projects)
