"""Rows of tables as JSON holds them."""

import math
from typing import Any

import pandas as pd


def records(table: pd.DataFrame) -> list[dict[str, Any]]:
    """Return a table's rows for JSON: null for what is missing, not finite, or a reason that is not needed."""
    columns = {str(name): [_plain(value) for value in column.astype(object)] for name, column in table.items()}
    for name in columns:
        if name.endswith("reason"):
            columns[name] = [value or None for value in columns[name]]
    return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]


def _plain(value: Any) -> Any:
    if value is pd.NA or (isinstance(value, float) and not math.isfinite(value)):
        return None
    return value.item() if hasattr(value, "item") else value
