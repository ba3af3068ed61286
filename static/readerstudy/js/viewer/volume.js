/** A case's voxels in the page's memory, filled slice by slice in any order. */
export class Volume {
  #voxels;
  #loaded;

  /**
   * @param {[number, number, number]} shape      slices, rows, columns
   * @param {[number, number, number]} spacingMm  in the same order
   */
  constructor(shape, spacingMm) {
    [this.slices, this.rows, this.columns] = shape;
    [this.sliceSpacing, this.rowSpacing, this.columnSpacing] = spacingMm;
    this.pixelCount = this.rows * this.columns;
    this.loadedCount = 0;
    this.#voxels = new Int16Array(this.slices * this.pixelCount);
    this.#loaded = new Uint8Array(this.slices);
  }

  /** @param {number} slice */
  has(slice) {
    return this.#loaded[slice] === 1;
  }

  /**
   * @param {number} slice
   * @param {Int16Array} pixels
   */
  put(slice, pixels) {
    this.#voxels.set(pixels, slice * this.pixelCount);
    this.loadedCount += 1 - this.#loaded[slice];
    this.#loaded[slice] = 1;
  }

  /**
   * @param {number} slice
   * @returns {Uint16Array | null} the axial slice's HU as bit patterns (what a window table is indexed by);
   *   null while it is not loaded, so that no other slice's pixels can be shown for it
   */
  axial(slice) {
    if (!this.has(slice)) return null;
    return new Uint16Array(this.#voxels.buffer, 2 * slice * this.pixelCount, this.pixelCount);
  }

  /**
   * @param {number} slice
   * @param {number} row
   * @param {number} column
   * @returns {number | null} HU; null while the slice is not loaded
   */
  hu(slice, row, column) {
    if (!this.has(slice)) return null;
    return this.#voxels[slice * this.pixelCount + row * this.columns + column];
  }
}
