"""The records port on PostgreSQL."""
