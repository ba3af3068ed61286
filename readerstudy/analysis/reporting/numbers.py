"""How figures are written: percentages to one decimal, p values to three, halves up."""

from decimal import ROUND_HALF_UP, Decimal

LEAST_P = 0.001


def rounded(value: float, decimals: int) -> str:
    """Return a number with so many decimals, halves away from zero; nine more decimals hide what is binary rounding."""
    number = Decimal(f"{value:.{decimals + 9}f}").quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP)
    return str(number if number else abs(number))  # no −0.00


def percent(fraction: float) -> str:
    return rounded(100 * fraction, 1)


def p_value(p: float) -> str:
    if p < LEAST_P:
        return f"p < {LEAST_P}"
    return f"p > {1 - LEAST_P}" if p > 1 - LEAST_P / 2 else f"p = {rounded(p, 3)}"
