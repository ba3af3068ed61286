import numpy as np
import pytest

from synthesis.organs import LESION_FLOOR_HU, ORGANS, ImplausibleOrgan, NotIntoFat, UnknownOrgan, organ
from synthesis.phase import PHASES


def test_kidneys_means_kidney():
    assert organ("kidneys") is organ("kidney")


def test_an_unknown_organ_is_refused_with_the_known_ones():
    with pytest.raises(UnknownOrgan, match="'spleen' is no known organ; choose one of liver, pancreas, kidney"):
        organ("spleen")


@pytest.mark.parametrize("name", ORGANS)
def test_parenchyma_is_not_moved_by_fat_and_stones_in_the_mask(name):
    row = organ(name)
    hu = np.r_[np.full(60, 90), np.full(30, -80), np.full(10, 900)].astype(np.int16)
    assert row.parenchyma_hu(hu) == 90.0


def test_a_mask_over_air_is_refused():
    with pytest.raises(ImplausibleOrgan, match=r"Only 1% of the liver mask lies over soft tissue"):
        organ("liver").parenchyma_hu(np.r_[np.full(99, -900), 50].astype(np.int16))


KINDS = [(name, kind, phase) for name, row in ORGANS.items() for kind in row.lesions for phase in PHASES]


@pytest.mark.parametrize("name", ORGANS)
def test_every_row_is_whole(name):
    row = organ(name)
    assert tuple(row.enhancement) == PHASES
    assert sum(lesion.share for lesion in row.lesions.values()) == pytest.approx(1.0)
    assert all(tuple(lesion.contrast_hu) == PHASES for lesion in row.lesions.values())


@pytest.mark.parametrize(("name", "kind", "phase"), KINDS)
def test_contrast_follows_the_hosts_enhancement(name, kind, phase):
    row = organ(name)
    typical, unenhanced = row.enhancement[phase].parenchyma_hu, row.enhancement["none"].parenchyma_hu

    whole = row.contrast_range_hu(kind, phase, typical)
    half = row.contrast_range_hu(kind, phase, (typical + unenhanced) / 2)

    most = typical - LESION_FLOOR_HU
    assert whole == pytest.approx([min(contrast, most) for contrast in row.lesions[kind].contrast_hu[phase]])
    if phase != "none":
        assert np.abs(half).max() < np.abs(whole).max()


@pytest.mark.parametrize(("name", "kind", "phase"), KINDS)
@pytest.mark.parametrize("parenchyma_hu", [15.0, 25.0, 45.0, 110.0, 200.0])
def test_no_lesion_falls_below_plausible_tissue(name, kind, phase, parenchyma_hu):
    low, high = organ(name).contrast_range_hu(kind, phase, parenchyma_hu)
    assert low <= high
    assert parenchyma_hu - high >= LESION_FLOOR_HU


def draw_contrasts(name, phase, count=300):
    rng = np.random.default_rng(1)
    row = organ(name)
    lesions = [row.sample_lesion(phase, row.enhancement[phase].parenchyma_hu, rng) for _ in range(count)]
    return {kind: np.array([x.contrast_hu for x in lesions if x.kind == kind]) for kind in row.lesions}


def test_every_kind_is_drawn_as_often_as_the_table_says():
    drawn = draw_contrasts("liver", "portal")
    assert len(drawn["carcinoma"]) / 300 == pytest.approx(0.4, abs=0.08)


@pytest.mark.parametrize(
    ("name", "kind", "phase", "brighter"),
    [
        ("liver", "carcinoma", "arterial", 1.0),
        ("liver", "carcinoma", "portal", 0.0),
        ("liver", "metastasis", "arterial", 0.0),
        ("kidney", "clear-cell carcinoma", "arterial", 0.5),
        ("kidney", "clear-cell carcinoma", "portal", 0.0),
        ("pancreas", "ductal carcinoma", "arterial", 0.0),
    ],
)
def test_the_sign_of_the_contrast_follows_the_phase(name, kind, phase, brighter):
    contrasts = draw_contrasts(name, phase)[kind]
    assert np.mean(contrasts < 0) == pytest.approx(brighter, abs=0.1)
    assert np.abs(contrasts).min() >= 5.0


def test_only_kidney_and_pancreas_tumours_grow_into_fat():
    organ("kidney").check_into_fat()
    organ("pancreas").check_into_fat()
    with pytest.raises(NotIntoFat, match="Tumours of the liver do not grow out into fat"):
        organ("liver").check_into_fat()
