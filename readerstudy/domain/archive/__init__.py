"""A closed study as one file, and back: see `kinds` for what it holds and `container` for how."""
