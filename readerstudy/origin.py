"""From where a request comes, for the audit trail."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from readerstudy.domain.actors import acting_from
from readerstudy.permissions import client_address


class OriginMiddleware:
    """Let what is recorded during a request carry the address that it came from."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        with acting_from(client_address(request)):
            return self.get_response(request)
