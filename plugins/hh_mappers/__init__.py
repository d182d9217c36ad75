"""First-party mappers, one module per instrumentation convention."""
