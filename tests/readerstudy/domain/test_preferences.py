"""How a reader likes the viewer is kept whole, and small."""

import pytest

from readerstudy.domain.errors import DomainError
from readerstudy.domain.preferences import LARGEST_BYTES, keep_preferences
from tests import factories

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(db):
    return factories.make_reader(factories.make_study_of_patients(real=2, hosts=2))


def test_preferences_are_replaced_whole(reader):
    keep_preferences(reader=reader, data={"layout": "three", "swap": True})
    keep_preferences(reader=reader, data={"layout": "axial", "nested": {"list": [1, 2.5, None, "ü"]}})

    reader.refresh_from_db()
    assert reader.preferences == {"layout": "axial", "nested": {"list": [1, 2.5, None, "ü"]}}


@pytest.mark.parametrize(
    "data",
    [
        None,
        [],
        "layout",
        {"x": float("nan")},
        {"x": float("inf")},
        {"x": "\ud800"},
        {"x": "\x00"},
        {"x" * LARGEST_BYTES: 1},
        {"x": "é" * (LARGEST_BYTES // 2)},
    ],
)
def test_what_is_no_small_plain_object_is_refused_and_nothing_changed(reader, data):
    keep_preferences(reader=reader, data={"layout": "three"})

    with pytest.raises(DomainError):
        keep_preferences(reader=reader, data=data)

    reader.refresh_from_db()
    assert reader.preferences == {"layout": "three"}
