"""What holds for every test: Hypothesis repeats its examples and never judges by the clock."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "repeatable", derandomize=True, deadline=None, max_examples=60, suppress_health_check=[HealthCheck.too_slow]
)
#: For looking for what the repeatable examples miss: pytest --hypothesis-profile=search
settings.register_profile("search", settings.get_profile("repeatable"), derandomize=False, max_examples=2_000)
settings.load_profile("repeatable")
