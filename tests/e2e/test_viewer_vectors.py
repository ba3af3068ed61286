"""The viewer's pure modules, in the browser, against the JSON vectors that Python is tested against as well."""

import json
from pathlib import Path

import numpy as np
import pytest

from readerstudy.domain.slice_packs import direction_letters, tilt_deg

from . import reference
from .viewer_page import in_module

pytestmark = pytest.mark.e2e

VECTORS = Path(__file__).parents[1] / "vectors"


def vectors(name: str):
    return json.loads((VECTORS / f"{name}.json").read_text())


def small_volume() -> np.ndarray:
    planes = vectors("planes")
    return np.array(planes["voxels"], dtype=np.int16).reshape(planes["shape"])


VOLUME = """
const { Volume } = await import("/static/readerstudy/js/viewer/loading_case.js");
const { PLANES, viewOf } = await import("/static/readerstudy/js/viewer/planes.js");
const { shape, spacing_mm, voxels } = given.volume;
const volume = new Volume(shape, spacing_mm);
const pixelCount = shape[1] * shape[2];
for (let slice = 0; slice < shape[0]; slice++) {
    volume.put(slice, Int16Array.from(voxels.slice(slice * pixelCount, (slice + 1) * pixelCount)));
}
const pixelsOf = ({ rows, columns, step, pixelsOf, offsetOf }) =>
    Array.from({ length: rows * columns }, (_, at) => {
        const row = Math.floor(at / columns);
        return pixelsOf(row)[offsetOf(row) + (at % columns) * step];
    });
"""


class TestInPython:
    """The vectors are what NumPy makes of the same volume."""

    @pytest.mark.parametrize("image", vectors("planes")["images"], ids=lambda image: image["plane"])
    def test_planes(self, image):
        found = reference.image_of(small_volume(), image["plane"], image["index"])
        assert found.shape == (image["rows"], image["columns"])
        assert found.ravel().tolist() == image["pixels"]

    @pytest.mark.parametrize("scan", vectors("directions")["scans"], ids=lambda scan: scan["name"])
    def test_directions(self, scan):
        assert direction_letters(scan["affine"]) == scan["towards"]
        assert tilt_deg(scan["affine"]) == pytest.approx(scan["tilt_deg"], abs=0.05)

    @pytest.mark.parametrize("slab", vectors("slab")["slabs"], ids=lambda slab: f"{slab['plane']} {slab['index']}")
    def test_slabs(self, slab):
        spacing = vectors("planes")["spacing_mm"][reference.NORMAL[slab["plane"]]]
        for mode in ("average", "mip"):
            found = reference.slab(small_volume(), slab["plane"], slab["index"], slab["thickness_mm"], spacing, mode)
            assert found.ravel().tolist() == slab[mode]

    @pytest.mark.parametrize("axis", vectors("resample")["axes"], ids=lambda axis: f"{axis['count']} {axis['length']}")
    def test_weights_are_pillows(self, axis):
        pixels = np.eye(axis["count"])
        for weights, image in zip(np.array(axis["weights"]).T, pixels, strict=True):
            assert reference.smooth(image[None], 1, axis["length"])[0] == pytest.approx(weights, abs=1e-6)


@pytest.fixture
def blank(page, reading):
    page.goto(f"{reading.url}/blank")
    return page


class TestInTheBrowser:
    def test_windows(self, blank):
        given = vectors("window")
        grays = in_module(
            blank,
            "window",
            """return given.windows.map(({ center, width }) => {
                const { table } = m.colorsOf({ center, width, inverted: false });
                const inverted = m.colorsOf({ center, width, inverted: true }).table;
                return given.hu.map((value) => {
                    const entry = m.ZERO + m.STEPS * value;
                    const gray = table[entry] & 0xff;
                    const alike = [table[entry], inverted[entry]].map((color) => (color >>> 0).toString(16));
                    const two = (gray) => gray.toString(16).padStart(2, "0").repeat(3);
                    if (alike[0] !== `ff${two(gray)}` || alike[1] !== `ff${two(255 - gray)}`) return alike;
                    return m.grayOf(value, center, width) === gray ? gray : "not the table's";
                });
            });""",
            given,
        )
        assert grays == [vector["gray"] for vector in given["windows"]]

    def test_a_window_after_another_is_what_it_is_by_itself(self, blank):
        windows = [{"center": v["center"], "width": v["width"]} for v in vectors("window")["windows"]]
        wrong = in_module(
            blank,
            "window",
            """let colors = null;
            return given.filter((window) => {
                colors = m.colorsOf(window, colors);
                const fresh = m.colorsOf(window).table;
                return colors.table.some((color, entry) => color !== fresh[entry]);
            });""",
            [window | {"inverted": inverted} for inverted in (False, True, False) for window in windows],
        )
        assert wrong == []

    def test_what_is_darkest_looks_like_all_below_it(self, blank):
        wrong = in_module(
            blank,
            "window",
            """return given.filter(({ center, width }) => {
                const { table, darkest, dark } = m.colorsOf({ center, width, inverted: false });
                const entries = table.subarray(0, m.ZERO + m.STEPS * darkest + 1);
                return entries.some((color) => color !== entries[0]) || dark >>> 0 !== entries[0];
            });""",
            [{"center": v["center"], "width": v["width"]} for v in vectors("window")["windows"]],
        )
        assert wrong == []

    def test_sixteen_bits_keep_every_value_that_any_window_tells_apart(self, blank):
        wrong = in_module(
            blank,
            "window",
            """const numbers = m.plainColors(-1000).table;
            return given.filter((window) => {
                const { table } = m.colorsOf(window);
                return numbers.some((number, entry) => table[m.PLAIN_FROM + number] !== table[entry]);
            });""",
            [
                {"center": center, "width": width, "inverted": inverted}
                for center in (-1024, 40, 3071)
                for width in (1, 400, 4096)
                for inverted in (False, True)
            ],
        )
        assert wrong == []

    def test_slices(self, blank):
        given = vectors("slice_codec")["slices"]
        pixels = in_module(
            blank,
            "codec",
            """return given.map(({ content_hex, rows, columns }) => {
                const content = Uint8Array.from(content_hex.match(/../g), (hex) => parseInt(hex, 16));
                return [...m.unfilterSlice(content, rows * columns)];
            });""",
            given,
        )
        assert pixels == [vector["pixels"] for vector in given]

    def test_any_changed_bit_of_a_slice_is_found(self, blank):
        given = vectors("slice_codec")["slices"][2]
        taken = in_module(
            blank,
            "codec",
            """const content = Uint8Array.from(given.content_hex.match(/../g), (hex) => parseInt(hex, 16));
            let taken = 0;
            for (let bit = 0; bit < 8 * content.length; bit++) {
                content[bit >> 3] ^= 1 << (bit & 7);
                try { m.unfilterSlice(content, given.rows * given.columns); taken += 1; } catch {}
                content[bit >> 3] ^= 1 << (bit & 7);
            }
            return taken;""",
            given,
        )
        assert taken == 0

    def test_planes(self, blank):
        given = vectors("planes")
        found = in_module(
            blank,
            "planes",
            VOLUME
            + """return given.volume.images.map(({ plane, index }) => {
                const size = m.sizeOf(PLANES[plane], volume);
                return {
                    plane, index, rows: size.rows, columns: size.columns, count: size.count,
                    row_spacing: size.rowSpacing, column_spacing: size.columnSpacing,
                    letters: m.lettersOf(PLANES[plane], m.TOWARDS),
                    pixels: pixelsOf(viewOf(PLANES[plane], volume, index)),
                };
            });""",
            {"volume": given},
        )
        assert found == given["images"]

    def test_letters(self, blank):
        given = vectors("directions")["scans"]
        found = in_module(
            blank,
            "planes",
            """const planes = Object.entries(m.PLANES);
            return given.map(({ towards }) =>
                Object.fromEntries(planes.map(([name, plane]) => [name, m.lettersOf(plane, towards)])));""",
            given,
        )
        assert found == [scan["letters"] for scan in given]

    def test_points_and_distances(self, blank):
        given = vectors("planes")
        points, distances = in_module(
            blank,
            "planes",
            """return [
                given.points.map(({ plane, index, row, column }) => m.pointIn(m.PLANES[plane], index, row, column)),
                given.distances.map(({ a, b }) => m.distanceMm(a, b, given.spacing_mm)),
            ];""",
            given,
        )
        assert points == [point["point"] for point in given["points"]]
        assert distances == pytest.approx([distance["mm"] for distance in given["distances"]])

    def test_slabs(self, blank):
        given = vectors("slab")["slabs"]
        found = in_module(
            blank,
            "planes",
            VOLUME
            + """return given.slabs.map(({ plane, index, thickness_mm }) => {
                const axis = PLANES[plane].normal;
                const range = m.slabRange(index, shape[axis], spacing_mm[axis], thickness_mm);
                const of = (mode) => pixelsOf(m.projectSlab(PLANES[plane], volume, range, mode));
                const [first, last] = range;
                return { plane, index, thickness_mm, first, last, average: of("average"), mip: of("mip") };
            });""",
            {"volume": vectors("planes"), "slabs": given},
        )
        assert found == given

    def test_geometry(self, blank):
        given = vectors("geometry")
        placements, bars = in_module(
            blank,
            "geometry",
            """return [
                given.placements.map((p) => {
                    const { rows, columns, row_spacing: rowSpacing, column_spacing: columnSpacing } = p;
                    const image = { rows, columns, rowSpacing, columnSpacing };
                    const camera = { zoom: p.zoom, panX: p.pan[0], panY: p.pan[1] };
                    const placed = m.placeImage({ width: p.canvas[0], height: p.canvas[1] }, image, camera);
                    const there = m.toCanvas(placed, image, 3, 7);
                    const back = m.toImage(placed, image, there.x, there.y);
                    return { ...placed, back: [back.row, back.column] };
                }),
                given.scale_bars.map((bar) => m.scaleBarMm(bar.pixels_per_mm, bar.most)),
            ];""",
            given,
        )
        for found, wanted in zip(placements, given["placements"], strict=True):
            assert found.pop("back") == pytest.approx([3, 7])
            assert found == {name: wanted[name] for name in found}
        assert bars == [bar["mm"] for bar in given["scale_bars"]]

    def test_sampling(self, blank):
        given = vectors("resample")["axes"]
        found = in_module(
            blank,
            "resample",
            """return given.map(({ count, length }) => {
                const span = { count, start: 10, length, from: 10, to: 10 + length };
                const { taps, first, weight } = m.smoothAxis(span);
                const rows = [...first].map((start, o) => {
                    const row = new Array(count).fill(0);
                    for (let t = 0; t < taps; t++) row[start + t] += weight[o * taps + t];
                    return row;
                });
                return [[...m.nearestAxis(span).first], rows];
            });""",
            given,
        )
        for (nearest, weights), axis in zip(found, given, strict=True):
            assert nearest == axis["nearest"]
            assert np.array(weights) == pytest.approx(np.array(axis["weights"]), abs=1e-6)
