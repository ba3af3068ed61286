"""The planning page: what it works out, what it refuses."""

import pytest
from django.test import Client
from django.urls import reverse


def test_it_opens_with_a_study_as_it_is_usually_thought_of(staff_client: Client):
    page = staff_client.get(reverse("planning"))
    assert "5 readers and 100 cases (50 real, 50 synthetic) tell a balanced accuracy of 0.65" in page.text
    assert "cannot pass with fewer than 76 answers, and needs 227" in page.text
    assert page.context["drawing"].svg in page.text


def test_it_answers_what_was_asked(staff_client: Client):
    page = staff_client.get(reverse("planning"), {"n_readers": 10, "n_real": 120, "n_synthetic": 120})
    assert "10 readers and 240 cases" in page.text
    assert 'value="120"' in page.text


def test_the_curve_can_be_had_as_data(staff_client: Client):
    response = staff_client.get(reverse("planning-curve"), {"n_readers": 4})
    assert response.text.splitlines()[0] == "n_readers,n_cases,superiority,equivalence"
    assert "\n4," in response.text


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"accuracy": "0.5"}, "differs from .5 by at least 0.01"),
        ({"n_readers": "many"}, "Enter a whole number."),
        ({"margin": ""}, "This field is required."),
        ({"n_real": "999999999"}, "n_real: give 2 to 10000"),
    ],
)
def test_what_cannot_be_planned_is_explained(asked, words, staff_client: Client):
    page = staff_client.get(reverse("planning"), asked)
    assert words in page.text
    assert "plan" not in page.context
    assert staff_client.get(reverse("planning-curve"), asked).status_code == 404
