/**
 * The three planes, and how their pixels lie in a volume. Pure functions.
 *
 * A volume's axes are [slice, row, column] and run towards the patient's feet, back and left (the server turns every
 * volume so, readerstudy/domain/slice_packs.py). A point is [slice, row, column] in voxels, whole numbers at voxels'
 * centers. Tested against tests/vectors/planes.json, thick slabs against tests/vectors/slab.json.
 */

/** @typedef {[number, number, number]} Point */

/**
 * @typedef {object} Plane
 * @property {string} name
 * @property {0 | 1 | 2} normal  the volume's axis that scrolling moves along
 * @property {0 | 1 | 2} down    the axis that runs down the image
 * @property {0 | 1 | 2} across  the axis that runs to its right
 * @property {string} color      of the plane's lines in the other planes
 */

/** @type {Readonly<Record<string, Plane>>} */
export const PLANES = Object.freeze({
  axial: { name: "Axial", normal: 0, down: 1, across: 2, color: "#d8b64c" },
  coronal: { name: "Coronal", normal: 1, down: 0, across: 2, color: "#74b97a" },
  sagittal: { name: "Sagittal", normal: 2, down: 0, across: 1, color: "#62a8dc" },
});

/** Of thick slabs. */
export const THICKNESSES_MM = Object.freeze([3, 5, 10, 15, 20, 30, 50]);

/** What the axes of a scan run towards that is not oblique. */
export const TOWARDS = Object.freeze(["I", "P", "L"]);
const OPPOSITE = { I: "S", S: "I", P: "A", A: "P", L: "R", R: "L" };

/**
 * @param {Plane} plane
 * @param {readonly string[]} towards  what slice, row and column run to: a letter each, of oblique scans several
 * @returns {{top: string, bottom: string, left: string, right: string}} tested against tests/vectors/directions.json
 */
export function lettersOf({ down, across }, towards) {
  const from = (axis) => Array.from(towards[axis], (letter) => OPPOSITE[letter]).join("");
  return { top: from(down), bottom: towards[down], left: from(across), right: towards[across] };
}

/**
 * @typedef {object} PlaneSize
 * @property {number} rows
 * @property {number} columns
 * @property {number} count          of such images in the volume
 * @property {number} rowSpacing     mm
 * @property {number} columnSpacing  mm
 * @property {number} spacing        mm from one such image to the next
 */

/**
 * @param {Plane} plane
 * @param {{shape: number[], spacingMm: number[]}} volume
 * @returns {PlaneSize}
 */
export function sizeOf({ normal, down, across }, { shape, spacingMm }) {
  return {
    rows: shape[down],
    columns: shape[across],
    count: shape[normal],
    rowSpacing: spacingMm[down],
    columnSpacing: spacingMm[across],
    spacing: spacingMm[normal],
  };
}

/**
 * @param {Plane} plane
 * @param {number} index   which of the plane's images
 * @param {number} row     in that image, as
 * @param {number} column
 * @returns {Point}
 */
export function pointIn({ normal, down, across }, index, row, column) {
  const point = /** @type {Point} */ ([0, 0, 0]);
  point[normal] = index;
  point[down] = row;
  point[across] = column;
  return point;
}

/**
 * @param {Point} a
 * @param {Point} b
 * @param {number[]} spacingMm
 * @returns {number} mm
 */
export function distanceMm(a, b, spacingMm) {
  return Math.hypot(...spacingMm.map((mm, axis) => (a[axis] - b[axis]) * mm));
}

/**
 * How a plane's image is read out of a volume's slices, without copying: pixel (r, c) is
 * `pixelsOf(r)[offsetOf(r) + c * step]`.
 *
 * @typedef {object} PlaneView
 * @property {number} rows
 * @property {number} columns
 * @property {number} step
 * @property {(row: number) => Int16Array | null} pixelsOf  null: not loaded
 * @property {(row: number) => number} offsetOf
 */

/**
 * @param {Plane} plane
 * @param {import("./loading_case.js").Volume} volume
 * @param {number} index
 * @returns {PlaneView}
 */
export function viewOf(plane, volume, index) {
  const [, , width] = volume.shape;
  const { rows, columns } = sizeOf(plane, volume);
  if (plane.normal === 0) {
    const pixels = volume.pixelsOf(index);
    return { rows, columns, step: 1, pixelsOf: () => pixels, offsetOf: (row) => row * width };
  }
  const pixelsOf = (row) => volume.pixelsOf(row);
  if (plane.normal === 1) return { rows, columns, step: 1, pixelsOf, offsetOf: () => index * width };
  return { rows, columns, step: width, pixelsOf, offsetOf: () => index };
}

/**
 * Several neighbouring images of a plane as one.
 *
 * @typedef {object} Slab
 * @property {"off" | "average" | "mip"} mode
 * @property {number} thicknessMm
 */

/**
 * The images of a slab: as many as come nearest to its thickness, at least one, around the one looked at (of an even
 * number one more lies behind it than before), cut off at the volume's ends.
 *
 * @param {number} index
 * @param {number} count        images in the volume
 * @param {number} spacing      mm from one to the next
 * @param {number} thicknessMm
 * @returns {[number, number]} the first and the last
 */
export function slabRange(index, count, spacing, thicknessMm) {
  const images = Math.max(1, Math.round(thicknessMm / spacing));
  const first = index - Math.floor((images - 1) / 2);
  return [Math.max(0, first), Math.min(count - 1, first + images - 1)];
}

/**
 * @param {Plane} plane
 * @param {import("./loading_case.js").Volume} volume
 * @param {[number, number]} range  as slabRange gives it
 * @param {"average" | "mip"} mode  the mean, rounded to whole HU, halves up; or the highest value
 * @returns {PlaneView} rows that lack a slice are absent
 */
export function projectSlab(plane, volume, [first, last], mode) {
  const views = [];
  for (let index = first; index <= last; index++) views.push(viewOf(plane, volume, index));
  const { rows, columns } = views[0];
  const pixels = new Int16Array(rows * columns);
  const present = new Uint8Array(rows);
  const line = new Int32Array(columns);
  for (let row = 0; row < rows; row++) {
    if (views.some((view) => view.pixelsOf(row) === null)) continue;
    present[row] = 1;
    line.fill(mode === "mip" ? -32768 : 0);
    for (const view of views) (mode === "mip" ? raise : add)(line, view, row);
    const start = row * columns;
    if (mode === "mip") pixels.set(line, start);
    else for (let c = 0; c < columns; c++) pixels[start + c] = Math.floor(line[c] / views.length + 0.5);
  }
  return {
    rows,
    columns,
    step: 1,
    pixelsOf: (row) => (present[row] ? pixels : null),
    offsetOf: (row) => row * columns,
  };
}

/**
 * @param {Int32Array} line
 * @param {PlaneView} view
 * @param {number} row
 */
function add(line, view, row) {
  const pixels = view.pixelsOf(row);
  const { step } = view;
  for (let c = 0, at = view.offsetOf(row); c < line.length; c++, at += step) line[c] += pixels[at];
}

/**
 * @param {Int32Array} line
 * @param {PlaneView} view
 * @param {number} row
 */
function raise(line, view, row) {
  const pixels = view.pixelsOf(row);
  const { step } = view;
  for (let c = 0, at = view.offsetOf(row); c < line.length; c++, at += step) {
    if (pixels[at] > line[c]) line[c] = pixels[at];
  }
}
