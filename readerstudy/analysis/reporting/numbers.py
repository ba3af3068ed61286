"""How figures are written: percentages to one decimal, p values to three, halves up."""

import sys
from decimal import ROUND_HALF_UP, Context, Decimal

LEAST_P = 0.001


def rounded(value: float, decimals: int) -> str:
    """Return a finite number with so many decimals, halves away from zero.

    Nine more decimals hide what is binary rounding; a float has up to 309 digits before the point.
    """
    digits = Context(prec=sys.float_info.max_10_exp + 1 + decimals)
    number = Decimal(f"{value:.{decimals + 9}f}").quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP, digits)
    return str(number if number else number.copy_abs())  # no −0.00


def percent(fraction: float) -> str:
    return rounded(100 * fraction, 1)


def p_value(p: float) -> str:
    if p < LEAST_P:
        return f"p < {LEAST_P}"
    return f"p > {1 - LEAST_P}" if p > 1 - LEAST_P / 2 else f"p = {rounded(p, 3)}"
