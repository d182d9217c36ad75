-- What arrived lately (live lists): a part or granule of older rows is not read at all.
ALTER TABLE events ADD INDEX IF NOT EXISTS by_receipt received_ms TYPE minmax GRANULARITY 1;
-- Of rows that are there already, in the background.
ALTER TABLE events MATERIALIZE INDEX by_receipt;
