"""The automaton's rules, the defects of the published code that it must not have, and its growth law."""

import numpy as np
import pytest
from scipy import stats

from synthesis.methods.automaton import BARRIER, FULL, INVADING, WALL, Automaton, necrosis
from synthesis.shape import roughness_mm, sphericity
from tests.synthesis.methods import reference_automaton

CUBE = (1.0, 1.0, 1.0)


def grown(tissue, *, steps, seed=0, nuclei=None):
    nuclei = [np.array(tissue.shape) // 2] if nuclei is None else nuclei
    automaton = Automaton(tissue, np.array(nuclei), np.random.default_rng(seed))
    for _ in range(steps):
        automaton.step()
    return automaton


def open_tissue(edge, level=0):
    return np.full((edge,) * 3, level, dtype=np.uint8)


def radius(state):
    return np.cbrt(np.count_nonzero(state) * 3 / (4 * np.pi))


@pytest.mark.parametrize(
    ("steps", "published", "tolerance"), [(20, 3.7, 0.10), (50, 9.5, 0.03), (100, 20.3, 0.03), (149, 30.8, 0.03)]
)
def test_grows_as_fast_as_the_published_automaton(steps, published, tolerance):
    tissue = open_tissue(2 * round(published) + 15)
    radii = [radius(grown(tissue, steps=steps, seed=seed).state) for seed in range(6 if steps <= 50 else 1)]
    assert np.mean(radii) == pytest.approx(published, rel=tolerance)


@pytest.fixture(scope="module")
def mixed_tissue():
    """Three levels in slabs, barriers scattered among them, and a wall on one side."""
    rng = np.random.default_rng(5)
    tissue = np.broadcast_to(np.arange(31)[:, None, None] // 4 % 3, (31, 31, 31)).astype(np.uint8)
    tissue[rng.random(tissue.shape) < 0.05] = BARRIER
    tissue[:, :, :11] = WALL
    return tissue


@pytest.fixture(scope="module")
def grown_by_both(mixed_tissue):
    """30 tumours by the fast automaton and 30 by the reference, as masks."""
    cells = {cell: int(kind) for cell, kind in np.ndenumerate(mixed_tissue)}
    nuclei = [(15, 15, 15), (18, 13, 16)]
    fast, slow = [], []
    for seed in range(30):
        fast.append(grown(mixed_tissue, steps=34, seed=seed, nuclei=nuclei).state > 0)
        mask = np.zeros(mixed_tissue.shape, dtype=bool)
        mask[tuple(np.array(list(reference_automaton.grow(cells, nuclei, steps=34, seed=seed))).T)] = True
        slow.append(mask)
    return fast, slow


@pytest.mark.parametrize(
    "measure",
    [np.count_nonzero, lambda mask: sphericity(mask, CUBE), lambda mask: roughness_mm(mask, CUBE)],
    ids=["volume", "sphericity", "roughness"],
)
def test_agrees_with_the_reference(grown_by_both, measure):
    fast, slow = ([measure(mask) for mask in masks] for masks in grown_by_both)

    assert stats.ks_2samp(fast, slow).pvalue > 0.05
    assert np.mean(fast) == pytest.approx(np.mean(slow), rel=0.03)


def test_the_comparison_with_the_reference_can_fail(mixed_tissue, grown_by_both):
    """A tumour two steps older is told from the reference."""
    _, slow = grown_by_both
    nuclei = [(15, 15, 15), (18, 13, 16)]
    older = [np.count_nonzero(grown(mixed_tissue, steps=36, seed=seed, nuclei=nuclei).state) for seed in range(30)]
    assert stats.ks_2samp(older, [np.count_nonzero(mask) for mask in slow]).pvalue < 0.001


def test_the_seed_alone_decides():
    tissue = open_tissue(25)
    first, again, other = (grown(tissue, steps=30, seed=seed).state for seed in (4, 4, 5))
    assert np.array_equal(first, again)
    assert not np.array_equal(first, other)


def test_every_one_of_the_26_neighbours_is_drawn_alike():
    tissue = open_tissue(3)
    hits = sum((grown(tissue, steps=1, seed=seed).state > 0).astype(int) for seed in range(2600))

    assert hits[1, 1, 1] == 2600
    around = np.delete(hits.ravel(), 13)
    assert around.sum() == 2600  # one success each, and none fell on the cell itself
    assert stats.chisquare(around).pvalue > 0.01


@pytest.mark.parametrize(("level", "share"), [(1, 0.3), (2, 0.1)])
def test_tissue_levels_yield_with_their_probabilities(level, share):
    """Three tries, each with the level's probability; from one cell that has nothing but free neighbours."""
    tissue = open_tissue(3, level)
    successes = sum(np.count_nonzero(grown(tissue, steps=1, seed=seed).state) - 1 for seed in range(1500))
    assert successes / 1500 == pytest.approx(1 - (1 - share) ** 3, abs=0.04)


def test_a_cell_grows_by_no_more_than_one_of_its_own_and_one_from_outside():
    """Many cells that invade one at once are no race: it grows as if one had."""
    automaton = grown(open_tissue(21), steps=5, nuclei=np.argwhere(np.ones((3, 3, 3))) + 9)
    for _ in range(10):
        before = automaton.state.astype(int)
        automaton.step()
        growth = automaton.state - before
        assert growth.min() >= 0
        assert growth[before == 0].max() <= 1
        assert growth.max() <= 2
        assert growth[(before > 0) & (before < FULL)].min() >= 1


def test_nothing_wraps_round_the_grids_border():
    state = grown(open_tissue(24), steps=32, nuclei=[(0, 23, 0)]).state
    assert (state > 0).sum() > 100
    assert not state[14:].any()
    assert not state[:, :10].any()
    assert not state[:, :, 14:].any()


def test_a_barrier_withstands_two_steps_of_pressure_from_full_cells_alone():
    """26 nuclei round a barrier fill each other in 3 steps, press in steps 4, 5 and 6, and invade it in step 7."""
    tissue = open_tissue(3)
    tissue[1, 1, 1] = BARRIER
    around = [cell for cell in np.ndindex(3, 3, 3) if cell != (1, 1, 1)]
    first = [max(grown(tissue, steps=n, seed=s, nuclei=around).state[1, 1, 1] for s in range(5)) for n in (6, 7)]
    assert first == [0, 1]


def test_a_broken_barrier_is_free_tissue():
    tissue = open_tissue(21)
    tissue[12] = BARRIER
    state = grown(tissue, steps=110).state
    assert (state[13:] > 0).mean() > 0.9


def test_a_wall_never_yields():
    tissue = open_tissue(15)
    tissue[10] = WALL
    automaton = grown(tissue, steps=80)
    assert not automaton.state[10:].any()
    assert (automaton.state[:10] == FULL).all()


def test_grows_to_the_wanted_number_of_half_full_cells():
    automaton = grown(open_tissue(41), steps=0)
    automaton.grow_to(3000)
    reached = np.count_nonzero(automaton.state >= INVADING)
    assert reached == automaton.n_invading
    assert 3000 <= reached < 3500


def test_stops_where_it_is_walled_in():
    automaton = grown(open_tissue(7), steps=0)
    automaton.grow_to(10_000)
    assert (automaton.state == FULL).all()


def test_a_nucleus_in_a_barrier_grows_and_one_in_a_wall_does_not():
    tissue = open_tissue(9)
    tissue[2, 2, 2], tissue[6, 6, 6] = BARRIER, WALL
    state = grown(tissue, steps=3, nuclei=[(2, 2, 2), (6, 6, 6)]).state
    assert state[2, 2, 2] > INVADING
    assert state[6, 6, 6] == 0


def test_death_begins_deep_and_spreads_among_full_cells_alone():
    state = grown(open_tissue(41), steps=70).state
    few, many = (necrosis(state, n_seeds=4, rounds=n, rng=np.random.default_rng(0)) for n in (0, 10))

    depth = np.argwhere(few) - 20
    assert few.sum() == 4
    assert np.linalg.norm(depth, axis=1).max() < 8  # of a radius of 14
    assert many.sum() > 10 * few.sum()
    assert (state[many] == FULL).all()
    assert not many[state == 0].any()


def test_nothing_dies_where_no_cell_is_full():
    state = np.full((5, 5, 5), 3, dtype=np.uint8)
    assert not necrosis(state, n_seeds=4, rounds=5, rng=np.random.default_rng(0)).any()
