"""Codecs: OTLP, the telemetry record, the segment. The only core room with serialisation libraries."""
