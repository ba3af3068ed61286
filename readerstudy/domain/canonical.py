"""The one way in which JSON is written where it is hashed: sorted keys, no spaces, ASCII."""

import hashlib
import json


def canonical_json(content: object) -> str:
    return json.dumps(content, sort_keys=True, separators=(",", ":"))


def canonical_sha256(content: object) -> str:
    return hashlib.sha256(canonical_json(content).encode()).hexdigest()
