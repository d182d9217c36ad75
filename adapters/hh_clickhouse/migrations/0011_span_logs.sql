-- The log records of each span, by what they say: a copy of one has the same id, and merges.
CREATE TABLE IF NOT EXISTS span_logs
(
  project_id FixedString(16),
  trace_id FixedString(16),
  span_id FixedString(8),
  log_id FixedString(16),
  version UInt128,
  is_event UInt8,
  time_ns Int64,
  received_ms UInt64,
  segment LowCardinality(String),
  record UInt32,
  ordinal UInt32
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (project_id, trace_id, span_id, log_id)
TTL toDateTime(intDiv(received_ms, 1000)) + INTERVAL $retention_days DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 1024;
