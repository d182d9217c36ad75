-- What an insert writes is compressed by LZ4, which leaves much of these columns: of versions that
-- differ in their last bytes, starts that follow each other, few tokens in wide numbers. With a
-- codec of their own they take 15 bytes less of each span, and 2 less once merges compressed all.
ALTER TABLE events
  MODIFY COLUMN version CODEC(ZSTD(1)),
  MODIFY COLUMN start_ns CODEC(Delta, ZSTD(1)),
  MODIFY COLUMN duration_ns CODEC(T64, LZ4),
  MODIFY COLUMN usage CODEC(ZSTD(1)),
  MODIFY COLUMN cost CODEC(ZSTD(1));
ALTER TABLE places
  MODIFY COLUMN id CODEC(T64, LZ4),
  MODIFY COLUMN received_ms CODEC(ZSTD(1));
