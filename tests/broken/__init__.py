"""Adapters that break one promise each, with which the contract suites are tested."""
