/** Where an image lies in its viewport. Pure functions; lengths in the canvas's own (device) pixels. */

/**
 * @typedef {object} Placement
 * @property {number} x       left edge of the image
 * @property {number} y       top edge
 * @property {number} width
 * @property {number} height
 */

/**
 * The whole image as large as the viewport allows, in the patient's proportions, then zoomed and moved.
 *
 * @param {{width: number, height: number}} viewport
 * @param {{rows: number, columns: number, rowSpacing: number, columnSpacing: number}} image  spacing in mm
 * @param {{zoom: number, panX: number, panY: number}} camera
 *   zoom 1 fits; pan is how far the image's middle lies from the viewport's, in fractions of the fitted image,
 *   so that it stays in place when the window is resized
 * @returns {Placement}
 */
export function placeImage(viewport, image, camera) {
  const widthMm = image.columns * image.columnSpacing;
  const heightMm = image.rows * image.rowSpacing;
  const fit = Math.min(viewport.width / widthMm, viewport.height / heightMm);
  const width = Math.max(1, Math.round(widthMm * fit * camera.zoom));
  const height = Math.max(1, Math.round(heightMm * fit * camera.zoom));
  return {
    x: Math.round((viewport.width - width) / 2 + camera.panX * widthMm * fit),
    y: Math.round((viewport.height - height) / 2 + camera.panY * heightMm * fit),
    width,
    height,
  };
}

/**
 * @param {Placement} placement
 * @param {{rows: number, columns: number}} image
 * @param {number} x
 * @param {number} y
 * @returns {{row: number, column: number} | null} the pixel of the image at a point; null beside the image
 */
export function pixelAt(placement, image, x, y) {
  const column = Math.floor(((x - placement.x) / placement.width) * image.columns);
  const row = Math.floor(((y - placement.y) / placement.height) * image.rows);
  const inside = row >= 0 && row < image.rows && column >= 0 && column < image.columns;
  return inside ? { row, column } : null;
}
