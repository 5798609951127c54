"""What we speak of: frozen values and their rules. No input, no output, no clock.

Every state changes in one shape: ``thing.after(outcome, now) -> thing``.
"""
