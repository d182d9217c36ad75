"""The analytics port on ClickHouse, and ClickHouse's engine as a small HTTP server."""
