-- What filters on attributes look for (``terms``): numbers, eight bytes each, are read far faster
-- than a map of texts, and a granule that cannot hold one is not read at all.
ALTER TABLE events ADD COLUMN IF NOT EXISTS terms Array(UInt64) MATERIALIZED
  arrayMap(pair -> sipHash64(pair.1, pair.2), arrayFilter(
    pair -> notEmpty(trim(BOTH '0123456789.+-eE' FROM pair.2)),
    arrayZip(mapKeys(attributes), mapValues(attributes))));
ALTER TABLE events ADD INDEX IF NOT EXISTS by_term terms TYPE bloom_filter(0.01) GRANULARITY 1;
ALTER TABLE events ADD INDEX IF NOT EXISTS by_truncated truncated TYPE minmax GRANULARITY 1;
-- Of rows that are there already, in the background.
ALTER TABLE events MATERIALIZE COLUMN terms;
ALTER TABLE events MATERIALIZE INDEX by_term;
ALTER TABLE events MATERIALIZE INDEX by_truncated;
