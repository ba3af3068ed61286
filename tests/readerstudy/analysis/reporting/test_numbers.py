"""How figures are written, of any float that there is."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from readerstudy.analysis.reporting.numbers import p_value, percent, rounded


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 6))
def test_every_finite_float_is_written_with_its_decimals_and_no_further_off_than_half_of_the_last(
    value: float, decimals: int
):
    written = rounded(value, decimals)
    assert -Decimal(written).as_tuple().exponent == decimals
    half, hidden = Fraction(1, 2 * 10**decimals), Fraction(1, 10 ** (decimals + 9))
    assert abs(Fraction(written) - Fraction(value)) <= half + hidden


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (0.125, "0.13"),
        (-0.125, "-0.13"),
        (1.005, "1.01"),
        (-0.001, "0.00"),
        (2.0**99, "633825300114114700748351602688.00"),
    ],
)
def test_halves_are_rounded_away_from_zero(value: float, written: str):
    assert rounded(value, 2) == written


def test_percentages_and_p_values():
    assert percent(0.9995) == "100.0"
    assert [p_value(p) for p in (0.0004, 0.0405, 0.9996)] == ["p < 0.001", "p = 0.041", "p > 0.999"]
