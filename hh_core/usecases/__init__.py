"""What the planes do, written against ports only."""
