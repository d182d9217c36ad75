"""Codecs: OTLP, telemetry record, segment. The only core room with serialisation libraries."""
