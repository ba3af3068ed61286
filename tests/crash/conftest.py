from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.site import Site, make_site


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with make_site(tmp_path / "site") as installation:
        yield installation
