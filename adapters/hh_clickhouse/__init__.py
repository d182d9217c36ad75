"""The analytics port on ClickHouse, and the embedded engine process."""
