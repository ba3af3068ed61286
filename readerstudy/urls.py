from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import include, path

from readerstudy.permissions import public
from readerstudy.reader_sessions import session_reader


@public
def home(request: HttpRequest) -> HttpResponse:
    """Send everybody to where they work."""
    return redirect("reading-room" if session_reader(request) else "study-list")


urlpatterns = [
    path("", home, name="home"),
    path("", include("readerstudy.reading.urls")),
    path("", include("readerstudy.administration.account_urls")),
    path("", include("readerstudy.administration.urls")),
]
