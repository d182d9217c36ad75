"""The data plane: ingestion, dispatch, relay, reading."""
