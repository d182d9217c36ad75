"""The objects port on any S3-compatible store."""
