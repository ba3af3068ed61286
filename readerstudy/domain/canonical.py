"""The one way in which JSON is written where it is hashed: sorted keys, no spaces, ASCII."""

import hashlib
import json
from typing import Any


def canonical_json(content: object) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def in_order(content: Any) -> Any:
    """Return the content with its keys in order, which PostgreSQL and SQLite keep differently."""
    return json.loads(canonical_json(content))


def canonical_sha256(content: object) -> str:
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()
