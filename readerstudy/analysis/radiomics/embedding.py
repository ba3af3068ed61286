"""The map: tumours with like features lie side by side (t-SNE)."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn.manifold import TSNE

from readerstudy.analysis.radiomics.machine import Scaler
from readerstudy.analysis.radiomics.table import Tumors

PERPLEXITY = 30.0
FEWEST = 10


@dataclass(frozen=True)
class TumorMap:
    """Places in the plane, shape (tumours, 2), and the perplexity that they were found with."""

    places: npt.NDArray[np.float64]
    perplexity: float


def tumor_map(tumors: Tumors, *, seed: int) -> TumorMap | None:
    """Return t-SNE's map of the tumours; None of fewer than ten.

    Features are scaled to mean 0 and variance 1, missing ones take the median. t-SNE starts from the principal
    components, with perplexity 30, or a third of the tumours where there are fewer than 90.

    Notes
    -----
    L. van der Maaten, G. Hinton, J. Mach. Learn. Res. 9 (2008) 2579; `sklearn.manifold.TSNE`.
    """
    features = tumors.features.to_numpy(dtype=np.float64)
    if len(features) < FEWEST or features.shape[1] < 2:
        return None
    perplexity = min(PERPLEXITY, (len(features) - 1) / 3)
    scaled = Scaler.of(features)(features)
    places = TSNE(init="pca", perplexity=perplexity, random_state=seed).fit_transform(scaled)
    return TumorMap(np.asarray(places, dtype=np.float64), perplexity)


def map_frame(tumors: Tumors, found: TumorMap) -> pd.DataFrame:
    """Return the map's data: a row a tumour, with its place `x`, `y`."""
    columns = ["case_id", "organ", "origin", "generator", "diameter_mm"]
    return tumors.rows[columns].assign(x=found.places[:, 0], y=found.places[:, 1])
