"""Reads the mails that come back: bounces, complaints, automatic replies.

Hostile bytes: run it (`reading`) where it can be killed.
"""
