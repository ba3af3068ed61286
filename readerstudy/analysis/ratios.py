"""Ratios estimated by their logs: how far from 1 is too far to tell anything."""

import math

FARTHEST = 1e6
"""A ratio, or a limit of its interval, beyond this factor or below its inverse is given no number.

No effect on readers is so large: few or nearly separated answers make such figures, and exp() of them may overflow.
"""
TOO_WIDE = "Too little was read to tell: the estimate or its interval reaches beyond a factor of a million."


def tells_nothing(*logs: float | None) -> bool:
    """Return whether the natural log of a ratio, or of one of its limits, is beyond ±log `FARTHEST` or NaN."""
    return not all(abs(log) <= math.log(FARTHEST) for log in logs if log is not None)
