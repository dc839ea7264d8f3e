"""Properties are tested by what they say, not by how fast this machine happens to be."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# What it is made from is the profile in use: on a CI machine Hypothesis takes another one.
settings.register_profile("any-machine", settings(deadline=None, suppress_health_check=[HealthCheck.too_slow]))
settings.load_profile("any-machine")
