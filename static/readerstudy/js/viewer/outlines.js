/** Outlines of labelled regions (an organ's mask, say) over an image: one colour a label, no region filled. */
import { nearestAxis } from "./resample.js";

const COLORS = [0xff5bc8f2, 0xffc9a24f, 0xff7fd67f, 0xffd68fd6, 0xff6f8ff0, 0xffd9d96a]; // as ImageData keeps them

/**
 * @param {import("./planes.js").PlaneView} view  of label numbers, 0: none
 * @param {Parameters<typeof nearestAxis>[0]} across
 * @param {Parameters<typeof nearestAxis>[0]} down
 * @param {Uint32Array} target
 */
export function paintOutlines(view, across, down, target) {
  const columns = nearestAxis(across).first;
  const rows = nearestAxis(down).first;
  const labels = new Int16Array(columns.length * rows.length);
  for (let y = 0; y < rows.length; y++) {
    const pixels = view.pixelsOf(rows[y]);
    if (pixels === null) continue;
    const offset = view.offsetOf(rows[y]);
    for (let x = 0; x < columns.length; x++) labels[y * columns.length + x] = pixels[offset + columns[x] * view.step];
  }
  for (let y = 0; y < rows.length; y++) {
    for (let x = 0; x < columns.length; x++) {
      const at = y * columns.length + x;
      if (labels[at] !== 0 && isEdge(labels, at, x, columns.length)) {
        target[at] = COLORS[(labels[at] - 1) % COLORS.length];
      }
    }
  }
}

/**
 * @param {Int16Array} labels
 * @param {number} at
 * @param {number} x
 * @param {number} width
 */
function isEdge(labels, at, x, width) {
  const label = labels[at];
  return (
    (x > 0 && labels[at - 1] !== label) ||
    (x < width - 1 && labels[at + 1] !== label) ||
    (at >= width && labels[at - width] !== label) ||
    (at + width < labels.length && labels[at + width] !== label)
  );
}
