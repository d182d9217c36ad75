"""The data plane's door: OTLP over HTTP and gRPC, REST writes, and the way to the read API."""
