"""The published Table 3 as a study read elsewhere."""

from pathlib import Path

import pytest

from readerstudy.analysis.readings_csv import read_readings_csv
from readerstudy.domain.readings_import import import_readings
from readerstudy.models.study import Study
from tests.readerstudy.analysis.test_table3 import write_table_3


@pytest.fixture
def table_3(db: None, tmp_path: Path) -> Study:
    readings = read_readings_csv(write_table_3(tmp_path / "READINGS.csv"))
    return import_readings(slug="table-3", readings=readings, actor="tests")
