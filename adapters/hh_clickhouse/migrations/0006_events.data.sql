-- Base rows, the truth. The start hour stands first, so a query over time reads its hours only.
-- One for a trace or an event looks in places for the hour. Trace ids are random, so each trace
-- that is read costs a granule: a small one.
CREATE TABLE IF NOT EXISTS events
(
  project_id FixedString(16),
  event_id FixedString(16) CODEC(NONE),
  trace_id FixedString(16),
  span_id FixedString(8) CODEC(NONE),
  parent_span_id FixedString(8),
  session_key FixedString(16),
  call_key FixedString(16),
  version UInt128,
  is_deleted UInt8,
  event_type LowCardinality(String),
  event_name LowCardinality(String),
  model LowCardinality(String),
  provider LowCardinality(String),
  service LowCardinality(String),
  status LowCardinality(String),
  error_class LowCardinality(String),
  start_ns Int64,
  duration_ns Int64,
  received_ms UInt64,
  usage Map(String, UInt64),
  cost Nullable(Decimal(38, 12)),
  promoted Map(String, String),
  segment LowCardinality(String),
  dp_id LowCardinality(String),
  record UInt32,
  ordinal UInt32,
  record_kind UInt8,
  session_id String,
  parent_event_id FixedString(16),
  attributes Map(String, String),
  time_suspect UInt8,
  truncated UInt32
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (project_id, toInt32(intDiv(start_ns, 3600000000000)), trace_id, event_id)
TTL toDateTime(intDiv(received_ms, 1000)) + INTERVAL $retention_days DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1,
  index_granularity = 1024;
