"""A small support agent that behaves like a real one: no internet, no key, no randomness."""
