"""One module per port: a Protocol, its values, its numbered guarantees."""
