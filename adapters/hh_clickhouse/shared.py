"""What of a batch's sessions and traces others have written to (A9), as one statement."""

from collections.abc import Sequence
from uuid import UUID

from hh_clickhouse.parameters import Parameters


def shared(
    project: UUID, mark: int, sessions: Sequence[bytes], traces: Sequence[bytes]
) -> tuple[str, dict[str, object]]:
    """The statement and its parameters. Its rows: whether it is a trace, and the id.

    Unmerged rows of one link each have their own mark, so none needs ``FINAL``.
    """
    parameters = Parameters()
    own = parameters.fixed(project.bytes)
    known = parameters.add(mark, "UInt64")
    foreign = f"(min_mark != {known} OR max_mark != {known})"
    parts = []
    if sessions:
        wanted = parameters.table(sessions, (16,))
        parts += [
            f"SELECT DISTINCT 0, session_key FROM session_traces WHERE project_id = {own}"
            f" AND session_key IN ({wanted}) AND {foreign}",
            f"SELECT DISTINCT 0, session_key FROM session_aggregates WHERE project_id = {own}"
            f" AND session_key IN ({wanted})",
            f"SELECT DISTINCT 0, event_id FROM event_patches WHERE project_id = {own}"
            f" AND event_id IN ({wanted})",
        ]
    if traces:
        asked = parameters.table(traces, (16,))
        parts += [
            f"SELECT DISTINCT 1, trace_id FROM session_traces_by_trace WHERE project_id = {own}"
            f" AND trace_id IN ({asked}) AND {foreign}",
            f"SELECT DISTINCT 1, trace_id FROM event_moves WHERE project_id = {own} AND event_id IN"
            f" (SELECT event_id FROM event_moves WHERE project_id = {own}"
            f" AND trace_id IN ({asked}))",
        ]
    return " UNION ALL ".join(parts), parameters.values
