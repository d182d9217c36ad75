"""The read API of the data plane: answers everything about events, alone if need be."""
