"""Every feature against the value that the IBSI published for its digital phantom.

Source: Image Biomarker Standardisation Initiative, reference manual (arXiv:1612.07003), chapter "Image features",
tables of the digital phantom: 3-D, texture matrices by direction "3D, averaged". The phantom itself is in the chapter
on the benchmark data sets: 5 x 4 x 4 voxels of 2 mm, 74 of them in the region, gray levels as they are.
"""

import math

import numpy as np
import pytest

from synthesis.radiomics.dictionary import FEATURES
from synthesis.radiomics.extraction import extract
from synthesis.radiomics.region import AS_GIVEN, Region
from synthesis.radiomics.settings import Settings

OUT = 0  # of the region
SLICES = [
    [[1, 4, 4, 1, 1], [1, 4, 6, 1, 1], [4, 1, 6, 4, 1], [4, 4, 6, 4, 1]],
    [[1, 4, 4, 1, 1], [1, 1, 6, 1, 1], [OUT, 1, 3, 1, 1], [4, 4, 6, 1, 1]],
    [[1, 4, 4, OUT, OUT], [1, 1, 1, 1, 1], [1, 1, OUT, 1, 1], [1, 1, 6, 1, 1]],
    [[1, 4, 4, OUT, OUT], [1, 1, 1, 1, 1], [1, 1, 1, 1, 1], [1, 1, 6, 1, 1]],
]

PUBLISHED = {  # identifier → value, to its three significant digits
    # intensity
    "N8CA": 567, "TLU2": 1.27, "BJ5W": 0.512, "1GSF": 1, "QG58": 1, "8DWT": 4, "84IY": 6, "Q4LE": 2.15, "Y12H": 1,
    "SALO": 3, "2OJQ": 5, "4FUA": 1.55, "1128": 1.11, "5ZWQ": 2.77, "KE2A": 1.08, "ECT3": 3.05,
    # gray level co-occurrence matrix
    "QWB0": 5.06, "60VM": 2.14, "AE86": 145, "7NFM": 16.6, "DG8W": 7.07, "ACUI": 5.32, "NI2N": 0.157, "TF7R": 1.43,
    "NTRS": 1.56, "D3YU": 3.06, "8ZQL": 0.303, "TU9B": 2.4, "R8DG": -0.157, "JN9H": 0.52, "WF0Z": 0.618, "1QCO": 0.898,
    "IB1Z": 0.677, "NDRX": 0.851, "E8JP": 0.0604, "GYBY": 0.503, "ZGXS": 4.29, "P6QZ": 1.92, "UR99": 3.1,
    # gray level run length matrix
    "22OV": 0.705, "W4KF": 3.06, "V3SW": 0.603, "G3QZ": 9.7, "HTZT": 0.352, "GD3A": 8.54, "IVPO": 2.39, "3KUM": 17.6,
    "R5YN": 21.8, "OVBL": 0.43, "W92Y": 26.9, "IC23": 0.513, "9ZK5": 0.68, "8CE5": 3.46, "SXLW": 0.574, "HJ9O": 2.43,
    # gray level size zone matrix
    "P001": 0.255, "48P8": 550, "XMSY": 0.253, "5GN9": 15.6, "5RAI": 0.0256, "HW1V": 2.76, "YH51": 503, "J17V": 1490,
    "JNSA": 1.4, "Y1RO": 0.28, "4JP3": 1, "VB3A": 0.2, "P30P": 0.0676, "BYLV": 2.64, "3NSA": 331, "GU8N": 2.32,
    # neighbourhood gray tone difference matrix
    "QCDE": 0.0296, "65HE": 0.584, "NQ30": 6.54, "HDEZ": 13.5, "1X9X": 0.763,
    # neighbouring gray level dependence matrix
    "SODN": 0.045, "IMOQ": 109, "TL9H": 0.693, "OAE7": 7.66, "EQ3F": 0.00963, "JA6D": 0.736, "NBZI": 102, "9QMG": 235,
    "FP8K": 37.9, "Z87G": 4.86, "OKJI": 0.0657, "1PFV": 3.05, "DNX2": 22.1, "FCBV": 4.4,
}  # fmt: skip
WITH_TOLERANCE = {  # identifier → value, published tolerance
    "RNU0": (556, 4), "YEKZ": (592, 4), "C0JK": (388, 3), "2PR5": (0.698, 0.004), "QCFX": (0.843, 0.005),
    "L0JK": (13.1, 0.1), "Q3CK": (0.816, 0.001), "N17B": (0.749, 0.001),
}  # fmt: skip
AXES = {"TDIC": 11.4, "P9VJ": 9.31, "7J51": 8.54}
VOXELS = 74
EXCESS_KURTOSIS = -0.355  # IPH6


@pytest.fixture(scope="module")
def phantom():
    """Columns → values, of the phantom with its own gray levels."""
    levels = np.array(SLICES, dtype=np.float32).transpose(2, 1, 0)
    padded = np.pad(levels, 1)
    region = Region(padded, padded != OUT, 2.0, AS_GIVEN, "", ct_voxels=VOXELS, lesions=1, at_edge=False)
    extracted = extract(region, Settings(bin_width_hu=1, spacing_mm=2))
    assert not extracted.missing
    assert (extracted.voxels, extracted.gray_levels) == (VOXELS, 4)
    return extracted.values


def identified(identifier):
    return next(feature for feature in FEATURES if feature.ibsi == identifier)


@pytest.mark.parametrize("identifier", PUBLISHED)
def test_value_is_the_published_one(phantom, identifier):
    value = phantom[identified(identifier).column]

    published = PUBLISHED[identifier]
    assert value == pytest.approx(published, abs=0.51 * 10 ** (math.floor(math.log10(abs(published))) - 2))


@pytest.mark.parametrize("identifier", WITH_TOLERANCE)
def test_shape_is_within_the_published_tolerance(phantom, identifier):
    published, tolerance = WITH_TOLERANCE[identifier]

    assert phantom[identified(identifier).column] == pytest.approx(published, abs=tolerance)


@pytest.mark.parametrize("identifier", AXES)
def test_axes_are_the_published_ones_but_for_the_divisor_of_their_covariance(phantom, identifier):
    by_voxels = phantom[identified(identifier).column]

    assert by_voxels * math.sqrt(VOXELS / (VOXELS - 1)) == pytest.approx(AXES[identifier], rel=1e-3)


def test_kurtosis_is_the_published_excess_plus_three(phantom):
    assert phantom["firstorder_kurtosis"] - 3 == pytest.approx(EXCESS_KURTOSIS, abs=0.0005)


def test_every_feature_that_the_ibsi_knows_is_checked():
    known = {feature.ibsi for feature in FEATURES if feature.ibsi}

    assert known == PUBLISHED.keys() | WITH_TOLERANCE.keys() | AXES.keys() | {"IPH6"}
