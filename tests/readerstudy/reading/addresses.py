"""Every address of the project, from the resolver itself, so that none can be forgotten."""

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from django.urls import URLPattern, URLResolver, get_resolver


def patterns(resolver: URLResolver | None = None) -> Iterator[URLPattern]:
    for entry in (resolver or get_resolver()).url_patterns:
        if isinstance(entry, URLResolver):
            yield from patterns(entry)
        else:
            yield entry


def names() -> set[str]:
    return {str(pattern.name) for pattern in patterns()}


def views() -> Mapping[str, Callable[..., Any]]:
    return {str(pattern.name): pattern.callback for pattern in patterns()}
