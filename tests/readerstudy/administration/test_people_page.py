"""The page of a study's people."""

import pytest
from django.contrib.auth.models import User
from django.test import Client
from django.urls import reverse

from readerstudy.models.membership import Membership, Role
from readerstudy.models.study import Study

from . import builders

pytestmark = pytest.mark.django_db


@pytest.fixture
def study() -> Study:
    return builders.draft()


def member(study: Study, name: str, role: str) -> Membership:
    user = User.objects.create_user(name, is_staff=True)
    return Membership.objects.create(study=study, user=user, role=role)


def client_of(user: User) -> Client:
    client = Client()
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def people(study: Study) -> dict[str, str]:
    return dict(study.memberships.values_list("user__username", "role"))


def test_an_owner_adds_changes_and_removes_people(study: Study):
    owner = client_of(member(study, "olga", Role.OWNER).user)
    User.objects.create_user("bob", is_staff=True)

    owner.post(reverse("person-add", args=[study.slug]), {"name": "bob", "role": "observer"})
    assert people(study) == {"olga": "owner", "bob": "observer"}
    bob = study.memberships.get(user__username="bob")
    owner.post(reverse("person-role", args=[study.slug, bob.pk]), {"role": "analyst"})
    assert people(study)["bob"] == "analyst"
    response = owner.post(reverse("person-remove", args=[study.slug, bob.pk]))
    assert people(study) == {"olga": "owner"}
    assert response["Location"] == reverse("study-people", args=[study.slug])


def test_what_is_refused_is_said_on_the_page(study: Study):
    last = member(study, "olga", Role.OWNER)
    owner = client_of(last.user)

    page = owner.post(reverse("person-add", args=[study.slug]), {"name": "nobody", "role": "observer"})
    assert "There is no staff account &#x27;nobody&#x27;." in page.text
    page = owner.post(reverse("person-role", args=[study.slug, last.pk]), {"role": "king"}, follow=True)
    assert "Choose one of the roles." in page.text
    page = owner.post(reverse("person-remove", args=[study.slug, last.pk]), follow=True)
    assert "olga is the study&#x27;s last owner; make somebody else an owner first." in page.text
    assert people(study) == {"olga": "owner"}


def test_who_takes_themselves_out_lands_where_they_may_be(study: Study):
    member(study, "olga", Role.OWNER)
    own = member(study, "oleg", Role.OWNER)

    response = client_of(own.user).post(reverse("person-remove", args=[study.slug, own.pk]), follow=True)

    assert response.redirect_chain == [(reverse("study-list"), 302)]
    assert study.title not in response.text


def test_a_person_of_another_study_is_not_found_here(study: Study):
    owner = client_of(member(study, "olga", Role.OWNER).user)
    elsewhere = member(builders.draft(slug="other"), "bob", Role.OBSERVER)

    for name in ("person-role", "person-remove"):
        assert owner.post(reverse(name, args=[study.slug, elsewhere.pk]), {"role": "owner"}).status_code == 404
    assert elsewhere.role == Membership.objects.get(pk=elsewhere.pk).role


def test_others_see_who_is_in_it_and_no_buttons(study: Study):
    member(study, "olga", Role.OWNER)
    observer = client_of(member(study, "bob", Role.OBSERVER).user)

    page = observer.get(reverse("study-people", args=[study.slug])).text

    assert "olga" in page
    assert reverse("person-add", args=[study.slug]) not in page
    assert "<select" not in page


def test_the_list_of_studies_holds_those_one_has_a_role_in(study: Study):
    builders.draft(slug="other", title="Another study")
    observer = client_of(member(study, "bob", Role.OBSERVER).user)

    page = observer.get(reverse("study-list")).text

    assert study.title in page
    assert "Another study" not in page


@pytest.mark.parametrize(("role", "offered"), [(Role.OWNER, True), (Role.COORDINATOR, True), (Role.OBSERVER, False)])
def test_the_page_of_a_study_offers_what_the_role_may(study: Study, role: Role, *, offered: bool):
    page = client_of(member(study, "bob", role).user).get(reverse("study-detail", args=[study.slug])).text

    assert (reverse("study-generate", args=[study.slug]) in page) == offered


def test_a_data_set_names_only_the_studies_one_knows_of():
    known, unknown = builders.opened(title="A study I know"), builders.opened(slug="other", title="Another study")
    observer = client_of(member(known, "bob", Role.OBSERVER).user)

    page = observer.get(reverse("dataset-detail", args=["tumours"])).text

    assert known.title in page
    assert "and 1 study in which you have no role" in page
    assert unknown.title not in page
