"""What the planes share: configuration, opening ports, serving, health, logging."""
