"""The published Table 3 as a study read elsewhere."""

import pytest

from readerstudy.domain.demo.published_table import published_table
from readerstudy.models.study import Study
from tests import factories


@pytest.fixture
def table_3(db: None) -> Study:
    return _table_3()


@factories.made_once
def _table_3() -> Study:
    return factories.work_out(published_table(actor=factories.ACTOR))
