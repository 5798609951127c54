"""The pages of a site, for tests that ask for all of them."""

from collections.abc import Iterator

from starlette.applications import Starlette
from starlette.convertors import IntegerConvertor
from starlette.routing import Route

#: What is for no browser.
OTHERS = ("/bounces/", "/api/v1")


def addresses(site: Starlette) -> Iterator[tuple[str, str, list[tuple[str, str]]]]:
    """The path of each page, a method by which it may be asked, and names and types of what stands in its address."""
    for route in site.routes:
        if isinstance(route, Route) and not route.path.startswith(OTHERS):
            parts = route.param_convertors.items()
            types = [(name, "integer" if isinstance(kind, IntegerConvertor) else "string") for name, kind in parts]
            for method in sorted(route.methods or ()):
                yield route.path_format, method.lower(), types
