"""The control plane: intake, writer, analytics over all data planes; never content."""
