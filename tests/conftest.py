"""How hypothesis runs everywhere: time is no property, so a loaded machine fails nothing.

In CI every run tries the same examples, so a red run means a change; elsewhere they vary.
"""

import os

from hypothesis import HealthCheck, settings

settings.register_profile(
    "house",
    deadline=None,
    derandomize="CI" in os.environ,
    suppress_health_check=[HealthCheck.too_slow],
)
settings.load_profile("house")
