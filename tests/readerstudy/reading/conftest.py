import pytest

from readerstudy.models.study import Study
from tests import factories


@pytest.fixture
def study(db: None) -> Study:
    """An open study of one practice case and two cases of each arm."""
    return factories.make_study_of_patients(real=3, hosts=3, reading={"practice": 1})
