-- Where rows of an event stand, and those of a trace: ``id`` is the key of either (``keys``), in
-- half the bytes; that two may have the same does no harm.
CREATE TABLE IF NOT EXISTS places
(
  project_id FixedString(16),
  id UInt64,
  trace_id FixedString(16) CODEC(NONE),
  hour Int32,
  received_ms UInt64
)
ENGINE = ReplacingMergeTree(received_ms)
ORDER BY (project_id, id, trace_id, hour)
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

-- Events that may have moved, on their way to a look at places (see the feed); keeps nothing.
CREATE TABLE IF NOT EXISTS movable_events
(
  project_id FixedString(16),
  event_id FixedString(16),
  id UInt64
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

-- Which traces a session may hold, each link twice (``links``): ``id`` is the session (side 0) or
-- the trace (side 1), ``other`` the other end.
CREATE TABLE IF NOT EXISTS links
(
  project_id FixedString(16),
  side UInt8,
  id FixedString(16),
  other FixedString(16),
  is_derived SimpleAggregateFunction(min, UInt8),
  min_hour SimpleAggregateFunction(min, Int64),
  max_hour SimpleAggregateFunction(max, Int64),
  min_mark SimpleAggregateFunction(min, UInt64),
  max_mark SimpleAggregateFunction(max, UInt64),
  inserted SimpleAggregateFunction(max, DateTime) DEFAULT now()
)
ENGINE = AggregatingMergeTree
ORDER BY (project_id, side, id, other)
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
SETTINGS fsync_after_insert = 1, fsync_part_directory = 1, index_granularity = 1024;

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
