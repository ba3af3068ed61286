"""What is slow to work out about a closed study, kept beside the data.

A closed study's answers never change, so what was worked out stays right until the analysis itself changes (the key
holds a hash of its source and of the libraries under it) or a reader's years of experience do.
"""

import hashlib
from collections.abc import Callable
from functools import cache as once
from importlib.metadata import version
from pathlib import Path
from typing import Any, TypeVar

from django.core.cache import cache

from readerstudy import analysis
from readerstudy.domain.canonical import canonical_sha256
from readerstudy.models.study import Study

T = TypeVar("T")
LIBRARIES = ("numpy", "pandas", "scipy", "statsmodels", "scikit-learn", "matplotlib")
MISSING: Any = object()


def cached(study: Study, name: str, make: Callable[[], T]) -> T:
    """Return what `make` gives for a closed study; worked out once for each version of the analysis."""
    key = f"{study.pk}-{study.closed_at:%Y%m%d%H%M%S%f}-{_experience(study)}-{analysis_fingerprint()}-{name}"
    kept: T = cache.get(key, MISSING)
    if kept is MISSING:
        kept = make()
        cache.set(key, kept)
    return kept


def forget_results() -> None:
    """Leave nothing of what was worked out of any study, since it may tell what was erased of a reader."""
    cache.clear()


def _experience(study: Study) -> str:
    """Return what changes when a reader's years of experience do: figures by experience then differ."""
    return canonical_sha256([list(one) for one in study.readers.order_by("pk").values_list("pk", "years")])[:16]


@once
def analysis_fingerprint() -> str:
    digest = hashlib.sha256()
    for path in sorted(Path(str(analysis.__file__)).parent.rglob("*.py")):
        digest.update(path.read_bytes())
    digest.update(" ".join(version(library) for library in LIBRARIES).encode())
    return digest.hexdigest()[:16]
