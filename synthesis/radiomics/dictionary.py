"""The features: what each is called, its unit, its identifier in the IBSI's manual, and what it means.

Identifiers are those of the Image Biomarker Standardisation Initiative (A. Zwanenburg et al., Radiology 295 (2020)
328; reference manual, arXiv:1612.07003). Features without one are pyradiomics' own (J. J. M. van Griethuysen et al.,
Cancer Res. 77 (2017) e104). Texture matrices are 3-D, of all 26 neighbours at a distance of one voxel; GLCM and GLRLM
features are averages over the 13 directions (the IBSI's "3D, averaged").
"""

from __future__ import annotations

import re
from dataclasses import dataclass

CLASSES = {
    "shape": "Shape",
    "firstorder": "Intensity",
    "glcm": "Texture: pairs of neighbours (GLCM)",
    "glrlm": "Texture: runs in a line (GLRLM)",
    "glszm": "Texture: zones of one gray level (GLSZM)",
    "ngtdm": "Texture: difference from the neighbourhood (NGTDM)",
    "gldm": "Texture: alike neighbours (GLDM)",
}
TEXTURES = ("glcm", "glrlm", "glszm", "ngtdm", "gldm")

_SHAPE = """
MeshVolume|RNU0|mm³|volume within a mesh of triangles through the surface
VoxelVolume|YEKZ|mm³|voxels times their volume
SurfaceArea|C0JK|mm²|of the mesh
SurfaceVolumeRatio|2PR5|1/mm|surface over volume
Sphericity|QCFX||surface of the ball of its volume over its own surface; 1 for a ball
Maximum3DDiameter|L0JK|mm|largest distance between two corners of the mesh
Maximum2DDiameterSlice||mm|the same within an axial plane
Maximum2DDiameterColumn||mm|the same within a coronal plane
Maximum2DDiameterRow||mm|the same within a sagittal plane
MajorAxisLength|TDIC|mm|4 √λ of the largest principal component of the n voxels' places; IBSI: √(n/(n − 1)) times it
MinorAxisLength|P9VJ|mm|the same of the second component
LeastAxisLength|7J51|mm|the same of the smallest; 0 for a flat mask
Elongation|Q3CK||second over largest axis; 1 where round across its length
Flatness|N17B||least over largest axis; 0 for a flat mask
"""
_FIRST_ORDER = """
Energy|N8CA|HU²|sum of the squared HU; grows with size
TotalEnergy||HU²·mm³|energy times a voxel's volume
Entropy|TLU2|bit|of the gray levels' shares
Uniformity|BJ5W||sum of the gray levels' squared shares
Minimum|1GSF|HU|
10Percentile|QG58|HU|
90Percentile|8DWT|HU|
Maximum|84IY|HU|
Mean|Q4LE|HU|
Median|Y12H|HU|
InterquartileRange|SALO|HU|
Range|2OJQ|HU|
MeanAbsoluteDeviation|4FUA|HU|from the mean
RobustMeanAbsoluteDeviation|1128|HU|of the values from the 10th to the 90th percentile
RootMeanSquared|5ZWQ|HU|
Skewness|KE2A||third standardised moment
Kurtosis|IPH6||fourth standardised moment: the IBSI's excess kurtosis plus 3
Variance|ECT3|HU²|
"""
_GLCM = """
Autocorrelation|QWB0||mean product of two neighbours' levels
JointAverage|60VM||mean level
ClusterProminence|AE86||fourth moment of two neighbours' levels together
ClusterShade|7NFM||their third moment: skewness
ClusterTendency|DG8W||their second moment
Contrast|ACUI||mean squared difference of neighbours
Correlation|NI2N||linear correlation of neighbours
DifferenceAverage|TF7R||mean difference of neighbours
DifferenceEntropy|NTRS|bit|of the differences' shares
DifferenceVariance|D3YU||of the differences
JointEnergy|8ZQL||sum of the pairs' squared shares (angular second moment)
JointEntropy|TU9B|bit|of the pairs' shares
Imc1|R8DG||first information measure of correlation
Imc2|JN9H||second information measure of correlation
Idm|WF0Z||inverse difference moment: homogeneity
Idmn|1QCO||the same, normalised by the number of levels
Id|IB1Z||inverse difference
Idn|NDRX||the same, normalised by the number of levels
InverseVariance|E8JP||of unlike neighbours, one over their squared difference
MaximumProbability|GYBY||share of the most frequent pair
MCC|||maximal correlation coefficient
SumAverage|ZGXS||mean sum of two neighbours' levels
SumEntropy|P6QZ|bit|of the sums' shares
SumSquares|UR99||joint variance of the levels
"""
_GLRLM = """
ShortRunEmphasis|22OV||
LongRunEmphasis|W4KF||
LowGrayLevelRunEmphasis|V3SW||
HighGrayLevelRunEmphasis|G3QZ||
ShortRunLowGrayLevelEmphasis|HTZT||
ShortRunHighGrayLevelEmphasis|GD3A||
LongRunLowGrayLevelEmphasis|IVPO||
LongRunHighGrayLevelEmphasis|3KUM||
GrayLevelNonUniformity|R5YN||grows with size
GrayLevelNonUniformityNormalized|OVBL||
RunLengthNonUniformity|W92Y||grows with size
RunLengthNonUniformityNormalized|IC23||
RunPercentage|9ZK5||runs over voxels
GrayLevelVariance|8CE5||
RunVariance|SXLW||
RunEntropy|HJ9O|bit|
"""
_GLSZM = """
SmallAreaEmphasis|P001||
LargeAreaEmphasis|48P8||grows with size
LowGrayLevelZoneEmphasis|XMSY||
HighGrayLevelZoneEmphasis|5GN9||
SmallAreaLowGrayLevelEmphasis|5RAI||
SmallAreaHighGrayLevelEmphasis|HW1V||
LargeAreaLowGrayLevelEmphasis|YH51||grows with size
LargeAreaHighGrayLevelEmphasis|J17V||grows with size
GrayLevelNonUniformity|JNSA||grows with size
GrayLevelNonUniformityNormalized|Y1RO||
SizeZoneNonUniformity|4JP3||grows with size
SizeZoneNonUniformityNormalized|VB3A||
ZonePercentage|P30P||zones over voxels
GrayLevelVariance|BYLV||
ZoneVariance|3NSA||grows with size
ZoneEntropy|GU8N|bit|
"""
_NGTDM = """
Coarseness|QCDE||shrinks with size
Contrast|65HE||
Busyness|NQ30||grows with size
Complexity|HDEZ||
Strength|1X9X||
"""
_GLDM = """
SmallDependenceEmphasis|SODN||
LargeDependenceEmphasis|IMOQ||
LowGrayLevelEmphasis|TL9H||
HighGrayLevelEmphasis|OAE7||
SmallDependenceLowGrayLevelEmphasis|EQ3F||
SmallDependenceHighGrayLevelEmphasis|JA6D||
LargeDependenceLowGrayLevelEmphasis|NBZI||
LargeDependenceHighGrayLevelEmphasis|9QMG||
GrayLevelNonUniformity|FP8K||grows with size
DependenceNonUniformity|Z87G||grows with size
DependenceNonUniformityNormalized|OKJI||
GrayLevelVariance|1PFV||
DependenceVariance|DNX2||
DependenceEntropy|FCBV|bit|
"""
_TABLES = {
    "shape": _SHAPE,
    "firstorder": _FIRST_ORDER,
    "glcm": _GLCM,
    "glrlm": _GLRLM,
    "glszm": _GLSZM,
    "ngtdm": _NGTDM,
    "gldm": _GLDM,
}
_WORD = re.compile(r"\dD|[A-Z][a-z]+(?:\d$)?|[A-Z]+|\d+")


@dataclass(frozen=True)
class Feature:
    """One number of a tumour.

    Attributes
    ----------
    column : str
        Its name in tables: class and name, such as ``glcm_joint_entropy``.
    feature_class, name : str
        pyradiomics' own.
    ibsi : str
        The IBSI's identifier; empty where it has none.
    unit, meaning : str
        May be empty.
    """

    column: str
    feature_class: str
    name: str
    ibsi: str
    unit: str
    meaning: str


def _words(name: str) -> str:
    return "_".join(word.lower() for word in _WORD.findall(name))


def _features() -> list[Feature]:
    found = []
    for feature_class, table in _TABLES.items():
        for line in table.strip().splitlines():
            name, ibsi, unit, meaning = line.split("|")
            meaning = meaning or _words(name).replace("_", " ")
            found.append(Feature(f"{feature_class}_{_words(name)}", feature_class, name, ibsi, unit, meaning))
    return found


FEATURES = tuple(_features())
COLUMNS = tuple(feature.column for feature in FEATURES)
