import pytest
from django.conf import LazySettings
from django.contrib.auth.models import User
from django.test import Client


@pytest.fixture(autouse=True)
def quick_hasher(settings: LazySettings) -> None:
    """Hashing a password slowly is Django's business, and tested there."""
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]


@pytest.fixture
def staff(db: None) -> User:
    """An administrator, who may do everything; test_access_matrix tries the others."""
    return User.objects.create_user("ann", password="a long pass phrase", is_staff=True, is_superuser=True)


@pytest.fixture
def staff_client(staff: User) -> Client:
    client = Client()
    client.force_login(staff, backend="django.contrib.auth.backends.ModelBackend")
    return client
