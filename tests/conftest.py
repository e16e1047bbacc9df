"""What all tests share: hypothesis's profiles, and the toy campaign."""

import os
import sys
from pathlib import Path

from hypothesis import HealthCheck, settings

# `toy_campaign`, for the tests of several folders; the tests are not a package.
sys.path.insert(0, str(Path(__file__).parent))

settings.register_profile("ci", derandomize=True, deadline=None)
settings.register_profile(
    "dev", deadline=None, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("ci" if os.environ.get("CI") else "dev")
