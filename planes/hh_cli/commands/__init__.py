"""The commands of ``hh``, by what they look at."""
