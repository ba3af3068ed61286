"""The published Table 3 as a study read elsewhere."""

import pytest

from readerstudy.domain.demo.published_table import published_table
from readerstudy.models.study import Study


@pytest.fixture
def table_3(db: None) -> Study:
    return published_table(actor="tests")
