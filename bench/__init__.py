"""Benchmarks: each compares nkwatch with what else does the work, in one run, interleaved."""
