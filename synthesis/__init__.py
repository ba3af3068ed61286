"""Synthetic tumours in CT: a library of its own, without a web framework.

Read a CT and an organ mask with `synthesis.io`, make a tumour with `generate`, store its recipe, make the
same voxels again with `replay`. The command line is ``python -m synthesis``.
"""

from synthesis.generation import apply_recipe, generate, replay, sample_recipe
from synthesis.host import Host
from synthesis.recipe import Recipe
from synthesis.tumor import SyntheticTumor
from synthesis.volume import Volume

__all__ = ["Host", "Recipe", "SyntheticTumor", "Volume", "apply_recipe", "generate", "replay", "sample_recipe"]
