"""The hh command."""
