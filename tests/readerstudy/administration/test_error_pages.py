import pytest
from django.template.loader import render_to_string
from django.test import Client
from django.urls import reverse


@pytest.mark.parametrize("code", ["403", "403_csrf", "404", "405", "500"])
def test_error_pages_render_without_any_context(code: str):
    """As Django renders 500: no request, no user, no context processor."""
    assert "<h1>" in render_to_string(f"{code}.html")


@pytest.mark.django_db
def test_a_page_that_is_not_there_does_not_repeat_its_address():
    response = Client().get("/planted-sentinel/")
    assert response.status_code == 404
    assert "planted-sentinel" not in response.text


def test_the_address_of_a_form_opened_by_itself_says_where_the_form_is(staff_client: Client):
    response = staff_client.get(reverse("account_logout"))
    assert (response.status_code, response["Allow"]) == (405, "POST")
    assert f'<a href="{reverse("home")}">' in response.text
