/** Where an image lies on its canvas. Pure functions; lengths in the canvas's own (device) pixels. */

/**
 * @typedef {object} Placement
 * @property {number} x       left edge of the image
 * @property {number} y       top edge
 * @property {number} width
 * @property {number} height
 */

/**
 * @typedef {object} Camera
 * @property {number} zoom  1 fits
 * @property {number} panX  how far the image's middle lies from the canvas', in fractions of the fitted image, so that
 * @property {number} panY  it stays in place when the window is resized
 */

const SCALE_BARS_MM = [200, 100, 50, 20, 10, 5, 2, 1];

/**
 * The whole image as large as the canvas allows, in the patient's proportions, then zoomed and moved.
 *
 * @param {{width: number, height: number}} canvas
 * @param {{rows: number, columns: number, rowSpacing: number, columnSpacing: number}} image  spacing in mm
 * @param {Camera} camera
 * @returns {Placement}
 */
export function placeImage(canvas, image, camera) {
  const widthMm = image.columns * image.columnSpacing;
  const heightMm = image.rows * image.rowSpacing;
  const fit = Math.min(canvas.width / widthMm, canvas.height / heightMm);
  const width = Math.max(1, Math.round(widthMm * fit * camera.zoom));
  const height = Math.max(1, Math.round(heightMm * fit * camera.zoom));
  return {
    x: Math.round((canvas.width - width) / 2 + camera.panX * widthMm * fit),
    y: Math.round((canvas.height - height) / 2 + camera.panY * heightMm * fit),
    width,
    height,
  };
}

/**
 * @param {Placement} placement
 * @param {{rows: number, columns: number}} image
 * @param {number} x
 * @param {number} y
 * @returns {{row: number, column: number}} in image pixels, whole numbers at their centers; may lie beside the image
 */
export function toImage(placement, image, x, y) {
  return {
    row: ((y - placement.y) / placement.height) * image.rows - 0.5,
    column: ((x - placement.x) / placement.width) * image.columns - 0.5,
  };
}

/**
 * @param {Placement} placement
 * @param {{rows: number, columns: number}} image
 * @param {number} row
 * @param {number} column
 * @returns {{x: number, y: number}}
 */
export function toCanvas(placement, image, row, column) {
  return {
    x: placement.x + ((column + 0.5) / image.columns) * placement.width,
    y: placement.y + ((row + 0.5) / image.rows) * placement.height,
  };
}

/**
 * @param {number} pixelsPerMm
 * @param {number} most         pixels
 * @returns {number} the longest scale bar that fits, mm
 */
export function scaleBarMm(pixelsPerMm, most) {
  return SCALE_BARS_MM.find((mm) => mm * pixelsPerMm <= most) ?? SCALE_BARS_MM.at(-1);
}
