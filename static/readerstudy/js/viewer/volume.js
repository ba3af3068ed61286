/** A case's voxels in the page's memory: slices as they come from the workers, in any order. */
export class Volume {
  /** @type {(Int16Array | null)[]} */
  #slices;

  /**
   * @param {number[]} shape      slices, rows, columns
   * @param {number[]} spacingMm  in the same order
   */
  constructor(shape, spacingMm) {
    this.shape = shape;
    this.spacingMm = spacingMm;
    this.pixelCount = shape[1] * shape[2];
    this.loadedCount = 0;
    this.#slices = new Array(shape[0]).fill(null);
  }

  get slices() {
    return this.shape[0];
  }

  get complete() {
    return this.loadedCount === this.slices;
  }

  /** @param {number} slice */
  has(slice) {
    return this.#slices[slice] !== null;
  }

  /**
   * @param {number} slice
   * @param {Int16Array} pixels  HU in raster order; kept, not copied
   */
  put(slice, pixels) {
    if (!this.has(slice)) this.loadedCount += 1;
    this.#slices[slice] = pixels;
  }

  /**
   * @param {number} slice
   * @returns {Int16Array | null} null while it is not loaded, so that no other slice's pixels can be shown for it
   */
  pixelsOf(slice) {
    return this.#slices[slice];
  }

  /**
   * @param {import("./planes.js").Point} point  whole numbers
   * @returns {number | null} HU; null outside and where the slice is not loaded
   */
  hu([slice, row, column]) {
    const inside = [slice, row, column].every((at, axis) => at >= 0 && at < this.shape[axis]);
    const pixels = inside ? this.#slices[slice] : null;
    return pixels && pixels[row * this.shape[2] + column];
  }
}
