import json
import math

import pytest

from synthesis.recipe import InvalidRecipe, Recipe

RECIPE = Recipe(
    method="hand-crafted",
    method_version=1,
    organ="liver",
    seed=2**63 + 1,
    host_hash="ab",
    organ_mask_hash="cd",
    diameter_mm=math.pi * 3,
    parameters={"contrast_hu": 0.1 + 0.2, "center_voxel": [1, 2, 3]},
    organ_labels=(2, 3),
)


def test_json_keeps_every_bit():
    assert Recipe.from_json(RECIPE.to_json()) == RECIPE


def changed(**fields):
    return json.dumps({**json.loads(RECIPE.to_json()), **fields})


def without(field):
    return json.dumps({name: value for name, value in json.loads(RECIPE.to_json()).items() if name != field})


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "not JSON"),
        ("[1, 2]", "not a JSON object"),
        (without("seed"), "'seed' is missing"),
        (changed(seed="1"), "'seed' is missing or of the wrong type"),
        (changed(method_version=True), "'method_version'"),
        (changed(parameters=[]), "'parameters'"),
        (changed(colour="red"), "unknown field 'colour'"),
    ],
    ids=["empty", "list", "missing", "text for a number", "bool for a number", "parameters", "unknown"],
)
def test_refuses_what_is_no_recipe(text, message):
    with pytest.raises(InvalidRecipe, match=message):
        Recipe.from_json(text)


def test_not_a_number_is_never_written():
    broken = Recipe(**{**RECIPE.__dict__, "parameters": {"contrast_hu": math.nan}})
    with pytest.raises(ValueError, match="not JSON compliant"):
        broken.to_json()
