import numpy as np
import pytest

from synthesis.host import Host
from synthesis.organs import organ
from synthesis.phantom import PHASES, render_patient, sample_patient
from synthesis.phantom.lesion import organ_mask
from synthesis.phase import Enhancement, estimate_phase

ORGANS = ("liver", "pancreas", "kidney")


@pytest.fixture(scope="module", params=PHASES)
def hosts(request):
    """A phantom's phase, and each of its organs."""
    patient = sample_patient(np.random.default_rng(107), phase=request.param, shape=(128, 128, 50))
    phantom = render_patient(patient)
    return request.param, {name: Host(phantom.ct, organ_mask(phantom.labels, name), organ(name)) for name in ORGANS}


@pytest.fixture
def estimates(hosts):
    """The phase, and what each of the organs says it is."""
    phase, organs = hosts
    return phase, {name: host.phase for name, host in organs.items()}


def test_a_ct_without_contrast_medium_is_told_from_one_with(estimates):
    phase, told = estimates
    assert {name: seen == "none" for name, seen in told.items()} == dict.fromkeys(ORGANS, phase == "none")


def test_the_kidney_tells_the_arterial_phase(estimates):
    phase, told = estimates
    assert (told["kidney"] == "arterial") == (phase == "arterial")


def test_the_liver_tells_every_phase(estimates):
    phase, told = estimates
    assert told["liver"] == phase


@pytest.mark.parametrize("name", ORGANS)
def test_the_table_says_how_far_the_brightest_part_stands_out(hosts, name):
    phase, organs = hosts
    host = organs[name]
    seen = Enhancement.of(host.parenchyma_hu, host.overview.smooth_hu[host.overview.inside])
    usual = host.organ.enhancement[phase]
    assert seen.bright_hu - seen.parenchyma_hu == pytest.approx(usual.bright_hu - usual.parenchyma_hu, abs=12)


@pytest.mark.parametrize("name", ORGANS)
def test_a_typical_look_is_its_own_phase(name):
    typical = organ(name).enhancement
    assert {phase: estimate_phase(look, typical) for phase, look in typical.items()} == {p: p for p in typical}


def test_the_measures_of_an_organ():
    smooth = np.r_[np.full(30, 60.0), np.full(60, 100.0), np.full(10, 180.0)].astype(np.float32)
    assert Enhancement.of(101.0, smooth) == (101.0, 180.0, 120.0)
