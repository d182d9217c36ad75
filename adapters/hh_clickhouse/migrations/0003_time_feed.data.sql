-- Every block of events goes on, in the same insert, to the table that is ordered by time.
CREATE MATERIALIZED VIEW IF NOT EXISTS events_feed TO events_by_time AS
SELECT
  project_id, toInt32(intDiv(start_ns, 3600000000000)) AS hour, trace_id, event_id, span_id,
  parent_span_id, session_key, version, is_deleted, event_type, event_name, model, provider,
  service, status, error_class, start_ns, duration_ns, received_ms, usage, cost,
  attributes
FROM events;
