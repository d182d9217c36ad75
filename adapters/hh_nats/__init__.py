"""The queue port on NATS JetStream."""
