-- The rows of session_traces once more, for those who know the trace and ask for its sessions.
CREATE TABLE IF NOT EXISTS session_traces_by_trace
(
  project_id FixedString(16),
  trace_id FixedString(16),
  session_key FixedString(16),
  is_derived SimpleAggregateFunction(min, UInt8),
  min_hour SimpleAggregateFunction(min, Int64),
  max_hour SimpleAggregateFunction(max, Int64),
  min_mark SimpleAggregateFunction(min, UInt64),
  max_mark SimpleAggregateFunction(max, UInt64),
  inserted SimpleAggregateFunction(max, DateTime) DEFAULT now()
)
ENGINE = AggregatingMergeTree
ORDER BY (project_id, trace_id, session_key)
TTL inserted + INTERVAL $retention_days DAY + INTERVAL 1 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 512;

CREATE MATERIALIZED VIEW IF NOT EXISTS traces_feed TO session_traces_by_trace AS
SELECT project_id, trace_id, session_key, is_derived, min_hour, max_hour, min_mark, max_mark,
  inserted
FROM session_traces;
