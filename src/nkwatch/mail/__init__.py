"""Mails: composed from frozen blocks, assembled into bytes, handed over to the relay.

A story is rendered once for each language and format; nothing is rendered for a single subscriber. This package
knows no database: it is given values and answers with values.
"""
