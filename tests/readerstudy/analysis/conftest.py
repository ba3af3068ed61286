from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def golden() -> Path:
    folder = Path(__file__).parents[4] / "shared" / "golden"
    if not folder.is_dir():
        pytest.skip("the shared golden values are not here")
    return folder
