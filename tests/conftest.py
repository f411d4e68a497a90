"""What holds for the tests of every room."""

from hypothesis import HealthCheck, settings

# A slow machine is no failure: how long one example takes depends on what else is running.
settings.register_profile("ivrd", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("ivrd")
