"""Figures of three cells of the published Table 3, as golden/g01_table3_intervals.csv holds them.

R 4.2.2: binom.test, fisher.test, PropCIs (Newcombe's J), qnorm of the log-linear rates.
"""

CELLS = {
    "few unsure": {
        "answers": {"real": "R" * 19 + "U" * 6, "G": "S" * 6 + "R" * 16 + "U" * 3},
        "balanced_accuracy": 0.636363636364,
        "youden_j": (0.272727272727, 0.053120245165, 0.481517340124),
        "mcc": 0.384775191575,
        "d_prime": (1.38485470326, 0.0938170736769, 2.67589233285),
        "criterion": -1.26753663291,
        "binomial_p": 0.211023597609,
        "fisher_p": 0.0226281628721,
        "p_tost": 0.608897801715,
        "unsure_rate": (0.18, 0.0977019267023, 0.307960536743),
        "unsure_fisher_p": 0.463490492684,
        "wrong": (0.76, 0.24, 0.5, 0.366445143168, 0.633554856832),
    },
    "many unsure": {
        "answers": {"real": "R" * 21 + "S" + "U" * 3, "G": "S" * 4 + "R" * 11 + "U" * 10},
        "balanced_accuracy": 0.610606060606,
        "youden_j": (0.221212121212, -0.012522770433, 0.476798772615),
        "mcc": 0.317691722119,
        "d_prime": (0.933257423812, -0.0946262773928, 1.96114112502),
        "criterion": -1.04576087416,
        "binomial_p": 0.0470310274395,
        "fisher_p": 0.136195018548,
        "p_tost": 0.86665091628,
        "unsure_rate": (0.26, 0.158715274936, 0.395531572648),
        "unsure_fisher_p": 0.0506710401905,
        "wrong": (0.84, 0.16, 0.5, 0.366445143168, 0.633554856832),
    },
}
"""name → the answers and what they give; in tuples an estimate and its bounds."""
