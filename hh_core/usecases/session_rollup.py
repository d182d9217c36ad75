"""The roll-up of one session, as a row of a list."""

from uuid import UUID

from hh_core.ports.analytics import Analytics, Condition, Op, Query, Relation, Row
from hh_core.usecases.freshness import missing
from hh_core.usecases.wide_events import ROLLUP_COLUMNS, as_session


async def session_rollup(analytics: Analytics, project: UUID, key: UUID, behind: bool) -> Row:
    """The columns ``ROLLUP_COLUMNS``. Raises ``NotFoundError`` for no such session, ``NotYetError``
    if the index is ``behind``."""
    rows = await analytics.select(
        Query(
            relation=Relation.SESSIONS,
            project=project,
            columns=ROLLUP_COLUMNS,
            where=(Condition("session_key", Op.EQ, key),),
            limit=1,
        )
    )
    if not rows:
        raise missing("session", behind)
    return as_session(rows[0])
