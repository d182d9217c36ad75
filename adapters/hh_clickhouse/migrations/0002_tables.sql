-- Light columns for lists and charts. The hour stands first, so every query over time names it.
CREATE TABLE IF NOT EXISTS events_by_time
(
  project_id FixedString(16),
  hour Int32,
  trace_id FixedString(16),
  event_id FixedString(16) CODEC(NONE),
  span_id FixedString(8) CODEC(NONE),
  parent_span_id FixedString(8),
  session_key FixedString(16),
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
  attributes Map(String, String)
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY (project_id, hour, trace_id, event_id)
TTL toDateTime(intDiv(received_ms, 1000)) + INTERVAL $retention_days DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Where rows of an event stand: finds an event by its id, and those that stand in two places.
CREATE TABLE IF NOT EXISTS event_places
(
  project_id FixedString(16),
  event_id FixedString(16) CODEC(NONE),
  trace_id FixedString(16),
  hour Int32,
  received_ms UInt64
)
ENGINE = ReplacingMergeTree(received_ms)
ORDER BY (project_id, event_id, trace_id, hour)
TTL toDateTime(intDiv(received_ms, 1000)) + INTERVAL $retention_days DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 1024;

-- All places of the few events that were sent again with another trace or start hour. Their rows
-- never merge, so reads look here which one is the newest. Outlives the rows by a day.
CREATE TABLE IF NOT EXISTS event_moves
(
  project_id FixedString(16),
  event_id FixedString(16),
  trace_id FixedString(16),
  hour Int32,
  received_ms UInt64
)
ENGINE = ReplacingMergeTree(received_ms)
ORDER BY (project_id, event_id, trace_id, hour)
TTL toDateTime(intDiv(received_ms, 1000)) + INTERVAL $retention_days DAY + INTERVAL 1 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Places on their way to a look at event_places (see the feed); keeps nothing.
CREATE TABLE IF NOT EXISTS placed_events
(
  project_id FixedString(16),
  event_id FixedString(16),
  trace_id FixedString(16),
  hour Int32,
  received_ms UInt64
)
ENGINE = Null;

CREATE TABLE IF NOT EXISTS event_patches
(
  project_id FixedString(16),
  event_id FixedString(16),
  patch_id FixedString(16),
  version UInt128,
  is_start UInt8,
  session_id String,
  event_name String,
  start_ns Int64,
  end_ns Int64,
  received_ms UInt64,
  segment LowCardinality(String),
  record UInt32,
  ordinal UInt32
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (project_id, event_id, patch_id)
TTL toDateTime(intDiv(received_ms, 1000)) + INTERVAL $retention_days DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS session_traces
(
  project_id FixedString(16),
  session_key FixedString(16),
  trace_id FixedString(16),
  is_derived SimpleAggregateFunction(min, UInt8),
  min_hour SimpleAggregateFunction(min, Int64),
  max_hour SimpleAggregateFunction(max, Int64),
  min_mark SimpleAggregateFunction(min, UInt64),
  max_mark SimpleAggregateFunction(max, UInt64),
  inserted SimpleAggregateFunction(max, DateTime) DEFAULT now()
)
ENGINE = AggregatingMergeTree
ORDER BY (project_id, session_key, trace_id)
TTL inserted + INTERVAL $retention_days DAY + INTERVAL 1 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 512;

CREATE TABLE IF NOT EXISTS trace_sessions
(
  project_id FixedString(16),
  trace_id FixedString(16),
  event_id FixedString(16),
  session_key FixedString(16),
  resolved UInt64,
  inserted DateTime DEFAULT now()
)
ENGINE = ReplacingMergeTree(resolved)
ORDER BY (project_id, trace_id, event_id)
TTL inserted + INTERVAL $retention_days DAY + INTERVAL 1 DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- The newest recount of a session is its roll-up. last_received_ms is that of its newest row.
CREATE TABLE IF NOT EXISTS session_aggregates
(
  project_id FixedString(16),
  session_key FixedString(16),
  session_id String,
  event_name String,
  start_ns Int64,
  end_ns Int64,
  num_events UInt64,
  num_model_events UInt64,
  num_errors UInt64,
  usage Map(String, UInt64),
  cost Nullable(Decimal(38, 12)),
  has_feedback UInt8,
  is_started UInt8,
  last_received_ms UInt64,
  recount UInt64
)
ENGINE = ReplacingMergeTree(recount)
ORDER BY (project_id, session_key)
TTL toDateTime(intDiv(last_received_ms, 1000)) + INTERVAL $retention_days DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

CREATE TABLE IF NOT EXISTS scores
(
  project_id FixedString(16),
  event_id FixedString(16),
  evaluator LowCardinality(String),
  revision UInt32,
  version UInt128,
  number Nullable(Float64),
  label LowCardinality(String),
  segment LowCardinality(String),
  record UInt32,
  ordinal UInt32
)
ENGINE = ReplacingMergeTree(version)
ORDER BY (project_id, event_id, evaluator, revision)
TTL toDateTime(toUInt32(bitShiftRight(version, 80) DIV 1000)) + INTERVAL $retention_days DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;

-- Minima and maxima only: what a second delivery cannot inflate.
CREATE TABLE IF NOT EXISTS event_schemas
(
  project_id FixedString(16),
  event_type LowCardinality(String),
  path String,
  first_ns SimpleAggregateFunction(min, Int64),
  last_ns SimpleAggregateFunction(max, Int64),
  inserted SimpleAggregateFunction(max, DateTime) DEFAULT now()
)
ENGINE = AggregatingMergeTree
ORDER BY (project_id, event_type, path)
TTL inserted + INTERVAL $retention_days DAY
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1;
