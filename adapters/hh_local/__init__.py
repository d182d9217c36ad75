"""Objects and journal on the local disk."""
