/**
 * Thick slabs: several neighbouring images of a plane as one. Pure functions, tested against tests/vectors/slab.json.
 */
import { viewOf } from "./planes.js";

export const THICKNESSES_MM = Object.freeze([3, 5, 10, 15, 20, 30, 50]);

/**
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
 * @param {import("./planes.js").Plane} plane
 * @param {import("./loading_case.js").Volume} volume
 * @param {[number, number]} range  as slabRange gives it
 * @param {"average" | "mip"} mode  the mean, rounded to whole HU, halves up; or the highest value
 * @returns {import("./planes.js").PlaneView} rows that lack a slice are absent
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
 * @param {import("./planes.js").PlaneView} view
 * @param {number} row
 */
function add(line, view, row) {
  const pixels = view.pixelsOf(row);
  const { step } = view;
  for (let c = 0, at = view.offsetOf(row); c < line.length; c++, at += step) line[c] += pixels[at];
}

/**
 * @param {Int32Array} line
 * @param {import("./planes.js").PlaneView} view
 * @param {number} row
 */
function raise(line, view, row) {
  const pixels = view.pixelsOf(row);
  const { step } = view;
  for (let c = 0, at = view.offsetOf(row); c < line.length; c++, at += step) {
    if (pixels[at] > line[c]) line[c] = pixels[at];
  }
}
