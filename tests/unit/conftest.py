"""Property tests have no deadline for an example: a slow machine is not a fault."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# Based on the active profile: on a CI machine Hypothesis loads another one.
settings.register_profile(
    "any-machine", settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
)
settings.load_profile("any-machine")
