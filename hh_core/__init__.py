"""The core of the platform: rules, codecs, ports and use cases. It does no I/O of its own."""
