-- All places of those of the incoming events that stand in more than one.
CREATE MATERIALIZED VIEW IF NOT EXISTS moves_feed TO event_moves AS
SELECT project_id, event_id, place.1 AS trace_id, place.2 AS hour, received AS received_ms
FROM
(
  SELECT project_id, event_id, arrayJoin(places) AS place, received
  FROM (SELECT DISTINCT project_id, event_id FROM placed_events) AS incoming
  INNER JOIN
  (
    SELECT project_id, event_id, groupUniqArray((trace_id, hour)) AS places,
      max(received_ms) AS received
    FROM event_places
    WHERE (project_id, event_id) IN (SELECT project_id, event_id FROM placed_events)
    GROUP BY project_id, event_id
    HAVING length(places) > 1
  ) AS found USING (project_id, event_id)
);
