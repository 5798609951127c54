"""Who gets what: matching, windows, digests, alerts. Pure functions over values of the domain."""
