"""The embedded platform: both planes and their engines, supervised on one machine."""
