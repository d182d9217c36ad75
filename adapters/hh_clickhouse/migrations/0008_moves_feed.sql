-- All places of those of the incoming events that stand in more than one.
CREATE MATERIALIZED VIEW IF NOT EXISTS moves_feed TO event_moves AS
SELECT project_id, event_id, place.1 AS trace_id, place.2 AS hour, received AS received_ms
FROM
(
  SELECT project_id, event_id, arrayJoin(places) AS place, received
  FROM (SELECT DISTINCT project_id, event_id, id FROM movable_events) AS incoming
  INNER JOIN
  (
    SELECT project_id, id, groupUniqArray((trace_id, hour)) AS places,
      max(received_ms) AS received
    FROM places
    WHERE (project_id, id) IN (SELECT project_id, id FROM movable_events)
    GROUP BY project_id, id
    HAVING length(places) > 1
  ) AS found USING (project_id, id)
);
