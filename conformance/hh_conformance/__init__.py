"""The contract suites that any adapter or plugin must pass."""
