"""The editors' desk: a site of its own, on an address of its own."""

from nkwatch.web.desk.app import create_desk

__all__ = ["create_desk"]
