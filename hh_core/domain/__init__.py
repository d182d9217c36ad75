"""Pure rules and values: no I/O, no async, no clock."""
