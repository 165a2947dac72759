"""What holds for every test."""

import os

from hypothesis import settings

# No test depends on how fast the machine is. In CI the same examples are tried each time, so that
# a change is judged and not the dice; elsewhere they differ, and find more.
settings.register_profile("tuneform", deadline=None, derandomize="CI" in os.environ)
settings.load_profile("tuneform")
