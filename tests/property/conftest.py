"""In CI every run tries the same examples, so a red run means a change; elsewhere they vary."""

import os

from hypothesis import settings

settings.register_profile("ci", derandomize=True)
if os.environ.get("CI"):
    settings.load_profile("ci")
