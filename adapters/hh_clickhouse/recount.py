"""The roll-ups of sessions as one INSERT SELECT over de-duplicated rows (A4).

``hh_core.domain.rollup`` says the same in Python, a rule at a time. A WITH is evaluated wherever it
is named, so nothing names ``placed``, the one that reads rows, a second time; ``below`` reads a few
columns of model events once more, which is several times quicker than a window over all rows.
"""

from collections.abc import Sequence
from uuid import UUID

from hh_clickhouse.parameters import Parameters
from hh_clickhouse.places import TRACE_KEY, at, current

_NIL = "toFixedString('', 16)"

_DERIVED = (
    "SHA256(concat(unhex('0000000773657373696F6E00000010'), project_id,"
    " unhex('00000010'), trace_id))"
)
"""``identity.derived_session``: a UUIDv8 of project and trace, still without its fixed bits."""

_FREE_BITS = (1 << 128) - 1 & ~(0xF << 76) & ~(0x3 << 62)
_VERSION_8 = 0x8 << 76 | 0x2 << 62

_SHAPED = (
    "toFixedString(reverse(reinterpretAsString(bitOr(bitAnd(reinterpretAsUInt128("
    f"reverse(substring({_DERIVED}, 1, 16))), toUInt128('{_FREE_BITS}')),"
    f" toUInt128('{_VERSION_8}')))), 16)"
)


def recount(project: UUID, sessions: Sequence[bytes], plane: str) -> tuple[str, dict[str, object]]:
    """The statement and its parameters, for at most 6,000 sessions."""
    parameters = Parameters()
    on_data_plane = plane == "data"
    own = parameters.fixed(project.bytes)
    text = _RECOUNT.format(
        project=own,
        wanted=parameters.table(sessions, 16),
        current=current(own),
        placed=at(own, f"id IN (SELECT {TRACE_KEY} FROM linked)"),
        nil=_NIL,
        derived=_SHAPED,
        claimed_id="session_id" if on_data_plane else "''",
        feedback=(
            "arrayExists(k -> startsWith(k, 'feedback.'), mapKeys(attributes))"
            if on_data_plane
            else "0"
        ),
    )
    return text, parameters.values


_RECOUNT = """INSERT INTO session_aggregates
(project_id, session_key, session_id, event_name, start_ns, end_ns, num_events, num_model_events,
 num_errors, usage, cost, has_feedback, is_started, last_received_ms, recount)
WITH
wanted AS ({wanted}),
linked AS
(
  SELECT other AS trace_id FROM links
  WHERE project_id = {project} AND side = 0 AND id IN (SELECT * FROM wanted)
),
placed AS
(
  SELECT trace_id, event_id, span_id, session_key, call_key, event_type, event_name,
    status, start_ns, start_ns + duration_ns AS end_ns, usage, cost, received_ms,
    {claimed_id} AS claimed_id, {feedback} AS feedback,
    uniqExactIf(session_key, session_key != {nil}) OVER (PARTITION BY trace_id) AS claims,
    max(session_key) OVER (PARTITION BY trace_id) AS claim,
    {derived} AS derived
  FROM events FINAL
  WHERE project_id = {project} AND {current} AND {placed}
    AND trace_id IN (SELECT trace_id FROM linked)
),
resolved AS
(
  SELECT trace_id, event_id, session_key AS resolution FROM trace_sessions FINAL
  WHERE project_id = {project} AND trace_id IN
  (
    SELECT other FROM links
    WHERE project_id = {project} AND side = 0 AND id IN (SELECT * FROM wanted)
  )
),
settled AS
(
  SELECT placed.*, multiIf(claims = 0, derived, claims = 1, claim,
    resolution != {nil}, resolution, session_key) AS session
  FROM placed LEFT ANY JOIN resolved USING (trace_id, event_id)
  WHERE session IN (SELECT * FROM wanted)
),
below AS
(
  SELECT trace_id, parent_span_id AS span_id,
    countIf(says) AS tellers, minIf(start_ns, says) AS told_from,
    countIf(prices) AS pricers, minIf(start_ns, prices) AS priced_from
  FROM
  (
    SELECT trace_id, parent_span_id, start_ns, isNotNull(cost) AS prices,
      arrayExists(count -> count > 0, mapValues(usage)) AS says
    FROM events FINAL
    WHERE project_id = {project} AND {current} AND {placed}
      AND trace_id IN (SELECT trace_id FROM linked)
      AND event_type = 'model' AND parent_span_id != span_id
  )
  WHERE says OR prices
  GROUP BY trace_id, parent_span_id
),
told AS
(
  SELECT * EXCEPT (usage, cost),
    event_type = 'model' AND tellers > 0 AND told_from <= end_ns AS tells_again,
    event_type = 'model' AND pricers > 0 AND priced_from <= end_ns AS prices_again,
    mapFilter((kind, count) -> NOT tells_again, settled.usage) AS usage,
    if(prices_again, NULL, settled.cost) AS cost
  FROM settled LEFT ANY JOIN below USING (trace_id, span_id)
),
calls AS
(
  SELECT session,
    argMax(usage, (arrayExists(count -> count > 0, mapValues(usage)), notEmpty(usage), start_ns,
      event_id)) AS usage,
    argMax(tuple(cost), (isNotNull(cost), start_ns, event_id)).1 AS cost,
    argMinIf(claimed_id, (start_ns, event_id), claimed_id != '' AND session_key = session)
      AS claimed_id,
    minIf((start_ns, event_id), claimed_id != '' AND session_key = session) AS claimed_at,
    argMin(event_name, (start_ns, event_id)) AS event_name,
    min((start_ns, event_id)) AS first_at,
    min(start_ns) AS start_ns, max(end_ns) AS end_ns, count() AS num_events,
    countIf(event_type = 'model') AS num_model_events, countIf(status = 'error') AS num_errors,
    max(feedback) AS feedback, max(received_ms) AS received
  FROM told
  GROUP BY session, if(call_key = {nil}, event_id, call_key), call_key = {nil}
),
counted AS
(
  SELECT session, sumMap(usage) AS usage, sumOrNull(cost) AS cost,
    argMinIf(claimed_id, claimed_at, claimed_id != '') AS claimed_id,
    argMin(event_name, first_at) AS event_name,
    min(start_ns) AS start_ns, max(end_ns) AS end_ns, sum(num_events) AS num_events,
    sum(num_model_events) AS num_model_events, sum(num_errors) AS num_errors,
    max(feedback) AS feedback, max(received) AS received
  FROM calls GROUP BY session
),
patched AS
(
  SELECT event_id AS session, max(is_start) AS is_started,
    argMaxIf(session_id, version, is_start = 1 AND session_id != '') AS started_id,
    argMaxIf(event_name, version, is_start = 1 AND event_name != '') AS started_name,
    argMaxIf(start_ns, version, is_start = 1 AND start_ns != 0) AS started_ns,
    argMaxIf(end_ns, version, end_ns != 0) AS ended_ns,
    max(received_ms) AS received
  FROM event_patches FINAL
  WHERE project_id = {project} AND event_id IN (SELECT * FROM wanted)
  GROUP BY event_id
),
earlier AS
(
  SELECT session_key AS session, max(recount) AS recount FROM session_aggregates
  WHERE project_id = {project} AND session_key IN (SELECT * FROM wanted)
  GROUP BY session_key
)
SELECT {project}, w.session,
  multiIf(p.started_id != '', p.started_id, c.claimed_id != '', c.claimed_id,
    lower(concat(substring(hex(w.session), 1, 8), '-', substring(hex(w.session), 9, 4), '-',
      substring(hex(w.session), 13, 4), '-', substring(hex(w.session), 17, 4), '-',
      substring(hex(w.session), 21, 12)))),
  if(p.started_name != '', p.started_name, c.event_name),
  if(p.started_ns != 0, p.started_ns, c.start_ns) AS starts,
  greatest(starts, if(p.ended_ns != 0, p.ended_ns, c.end_ns)),
  c.num_events, c.num_model_events, c.num_errors, c.usage, c.cost, c.feedback, p.is_started,
  if(c.received = 0 AND p.received = 0, toUInt64(toUnixTimestamp64Milli(now64(3))),
    greatest(c.received, p.received)),
  greatest(toUInt64(toUnixTimestamp64Nano(now64(9))), e.recount + 1)
FROM (SELECT * FROM wanted) AS w (session)
LEFT ANY JOIN counted AS c ON c.session = w.session
LEFT ANY JOIN patched AS p ON p.session = w.session
LEFT ANY JOIN earlier AS e ON e.session = w.session"""
