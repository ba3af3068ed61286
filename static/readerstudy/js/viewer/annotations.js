/** What is drawn over an image: crosshair, cue, the reader's mark, rulers; outlines of labels. */
import { toCanvas } from "./geometry.js";
import { PLANES } from "./planes.js";
import { nearestAxis } from "./resample.js";
import { lengthMm } from "./tools.js";

const LABEL_COLORS = [0xff5bc8f2, 0xffc9a24f, 0xff7fd67f, 0xffd68fd6, 0xff6f8ff0, 0xffd9d96a]; // as ImageData keeps them
const CUE_COLOR = "#f3ecd2";
const MARK_COLOR = "#e79ad6";
const RULER_COLOR = "#9be3cf";
const HALO = "#000000b0"; // around every line, so that it is seen on bright tissue too
const CROSSHAIR_GAP = 14; // CSS pixels: the point itself stays uncovered
const NEAR_MM = 10; // a marker is still faintly seen in images so near to its own

/**
 * @typedef {object} Annotated  an image and what belongs on it
 * @property {import("./planes.js").Plane} plane
 * @property {import("./planes.js").PlaneSize} size
 * @property {import("./geometry.js").Placement} placement
 * @property {number} ratio    canvas pixels to a CSS pixel
 * @property {number} index    which of the plane's images
 * @property {number[]} spacingMm  of the volume
 * @property {import("./planes.js").Point | null} crosshair
 * @property {import("./planes.js").Point | null} cue
 * @property {import("./planes.js").Point | null} mark
 * @property {import("./tools.js").Ruler[]} rulers
 */

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Annotated} image
 * @returns {boolean} whether anything was to be drawn
 */
export function annotate(context, image) {
  if (image.crosshair) drawCrosshair(context, image, image.crosshair);
  if (image.cue) drawMarker(context, image, image.cue, CUE_COLOR, arrowTo);
  if (image.mark) drawMarker(context, image, image.mark, MARK_COLOR, ringAround);
  for (const ruler of image.rulers) drawRuler(context, image, ruler);
  return Boolean(image.crosshair || image.cue || image.mark || image.rulers.length);
}

/**
 * @param {Annotated} image
 * @param {import("./planes.js").Point} point
 */
function onCanvas({ plane, size, placement }, point) {
  return toCanvas(placement, size, point[plane.down], point[plane.across]);
}

function drawCrosshair(context, image, point) {
  const { plane, placement, ratio } = image;
  const { x, y } = onCanvas(image, point);
  const gap = CROSSHAIR_GAP * ratio;
  const right = placement.x + placement.width;
  const bottom = placement.y + placement.height;
  const across = colorOfAxis(plane.down); // a horizontal line is the image of the plane that steps downwards
  const down = colorOfAxis(plane.across);
  context.lineWidth = Math.max(1, Math.round(ratio));
  for (const [color, ...line] of [
    [across, placement.x, y, x - gap, y],
    [across, x + gap, y, right, y],
    [down, x, placement.y, x, y - gap],
    [down, x, y + gap, x, bottom],
  ]) {
    context.strokeStyle = color;
    const [fromX, fromY, toX, toY] = line.map((at) => Math.floor(at) + 0.5);
    context.beginPath();
    context.moveTo(fromX, fromY);
    context.lineTo(toX, toY);
    context.stroke();
  }
}

/** @param {number} axis */
function colorOfAxis(axis) {
  return Object.values(PLANES).find(({ normal }) => normal === axis).color;
}

function drawMarker(context, image, point, color, shape) {
  const { plane, size, ratio, index } = image;
  const away = Math.abs(index - point[plane.normal]);
  const inside = away <= 0.5;
  if (!inside && away * size.spacing > NEAR_MM) return;
  const { x, y } = onCanvas(image, point);
  context.save();
  context.globalAlpha = inside ? 1 : 0.45;
  if (!inside) context.setLineDash([4 * ratio, 3 * ratio]);
  shape(context, x, y, ratio);
  strokeTwice(context, color, ratio);
  context.restore();
}

/** An arrow from the upper left, its tip beside the point. */
function arrowTo(context, x, y, ratio) {
  const at = (dx, dy) => [x + dx * ratio, y + dy * ratio];
  context.beginPath();
  context.moveTo(...at(-38, -38));
  context.lineTo(...at(-13, -13));
  context.moveTo(...at(-24, -14));
  context.lineTo(...at(-13, -13));
  context.lineTo(...at(-14, -24));
}

/** A ring with four short spokes: what is marked stays uncovered. */
function ringAround(context, x, y, ratio) {
  const radius = 11 * ratio;
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  for (const [dx, dy] of [[1, 0], [-1, 0], [0, 1], [0, -1]]) {
    context.moveTo(x + dx * radius, y + dy * radius);
    context.lineTo(x + dx * 1.6 * radius, y + dy * 1.6 * radius);
  }
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {Annotated} image
 * @param {import("./tools.js").Ruler} ruler
 */
function drawRuler(context, image, ruler) {
  const { size, placement, ratio } = image;
  const [a, b] = ruler.ends.map(({ row, column }) => toCanvas(placement, size, row, column));
  const length = Math.hypot(b.x - a.x, b.y - a.y) || 1;
  const tick = { x: ((a.y - b.y) / length) * 5 * ratio, y: ((b.x - a.x) / length) * 5 * ratio };
  context.beginPath();
  context.moveTo(a.x, a.y);
  context.lineTo(b.x, b.y);
  for (const end of [a, b]) {
    context.moveTo(end.x - tick.x, end.y - tick.y);
    context.lineTo(end.x + tick.x, end.y + tick.y);
  }
  strokeTwice(context, RULER_COLOR, ratio);
  const right = a.x > b.x ? a : b;
  writeLabel(context, `${lengthMm(ruler, image.spacingMm).toFixed(1)} mm`, right.x + 8 * ratio, right.y, ratio);
}

function writeLabel(context, text, x, y, ratio) {
  context.font = `600 ${13 * ratio}px system-ui, sans-serif`;
  context.textBaseline = "middle";
  const { width, height } = context.canvas;
  const left = Math.max(0, Math.min(x, width - context.measureText(text).width - 4 * ratio));
  const middle = Math.max(9 * ratio, Math.min(y, height - 9 * ratio));
  context.lineWidth = 3 * ratio;
  context.strokeStyle = HALO;
  context.strokeText(text, left, middle);
  context.fillStyle = RULER_COLOR;
  context.fillText(text, left, middle);
}

function strokeTwice(context, color, ratio) {
  context.lineCap = "round";
  for (const [style, width] of [[HALO, 4], [color, 1.75]]) {
    context.strokeStyle = style;
    context.lineWidth = width * ratio;
    context.stroke();
  }
}

/**
 * Outline labelled regions (an organ's mask, say), one colour a label; no region is filled.
 *
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
        target[at] = LABEL_COLORS[(labels[at] - 1) % LABEL_COLORS.length];
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
