/** One case's volume on its way into memory. */
import { TOWARDS } from "./planes.js";

const MISSING = 0;
const REQUESTED = 1;
const FAILED = 2; // waits before it is missing again

/**
 * @typedef {object} CaseItem  a case as the server describes it
 * @property {string} token
 * @property {string} organ
 * @property {number[]} shape                        slices, rows, columns
 * @property {number[]} spacing_mm
 * @property {string[]} [towards]                    what slice, row and column run to, see planes.js; oblique scans
 * @property {number | null} cue_slice               null: the study gives no cue
 * @property {number[] | null} [cue_marker]          slice, row, column of the lesion's middle; null: it is not marked
 * @property {string} slice_url                      with {n} for the slice
 * @property {string} [overlay_url]                  the same, of label numbers to outline
 */

/**
 * @param {CaseItem} item
 * @returns {import("./planes.js").Point} where a case opens: at its cue, without one in the middle
 */
export function startingPoint({ shape, cue_slice, cue_marker }) {
  const middle = shape.map((count) => Math.floor(count / 2));
  const [slice, row, column] = cue_marker ? cue_marker.map(Math.round) : middle;
  return [cue_slice ?? slice, row, column];
}

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

export class LoadingCase {
  #states;

  /**
   * @param {string} token
   * @param {CaseItem} item
   * @param {string} url  with {n} for the slice
   */
  constructor(token, item, url) {
    this.token = token;
    this.volume = new Volume(item.shape, item.spacing_mm);
    this.center = startingPoint(item)[0];
    this.towards = item.towards ?? TOWARDS;
    this.url = url;
    /** That the server gives no more of it. */
    this.refused = false;
    /** @type {Map<number, number>} slice -> failures so far */
    this.failures = new Map();
    this.#states = new Uint8Array(this.volume.slices);
  }

  /** @returns {number | null} the slice to ask for next */
  nextSlice() {
    if (this.volume.complete) return null;
    return nearestWanted(
      this.center,
      this.volume.slices,
      (slice) => this.#states[slice] === MISSING && !this.volume.has(slice),
    );
  }

  /**
   * @param {number} slice
   * @returns {string}
   */
  request(slice) {
    this.#states[slice] = REQUESTED;
    return new URL(this.url.replace("{n}", String(slice)), location.href).href;
  }

  /**
   * @param {number} slice
   * @param {Int16Array} pixels
   */
  receive(slice, pixels) {
    this.volume.put(slice, pixels);
    this.failures.delete(slice);
  }

  /**
   * @param {number} slice
   * @returns {number} how often it has failed
   */
  fail(slice) {
    this.#states[slice] = FAILED;
    this.failures.set(slice, (this.failures.get(slice) ?? 0) + 1);
    return /** @type {number} */ (this.failures.get(slice));
  }

  /** @param {number} slice  was asked for in vain */
  release(slice) {
    this.#states[slice] = MISSING;
  }

  /** @param {number} [slice]  may be asked for again; without one, all that failed may */
  allowAgain(slice) {
    const slices = slice === undefined ? this.failures.keys() : [slice];
    for (const one of slices) if (this.#states[one] === FAILED) this.#states[one] = MISSING;
  }
}

/**
 * @param {number} center   the slice the reader looks at
 * @param {number} count    slices in the volume
 * @param {(slice: number) => boolean} isWanted
 * @returns {number | null} the wanted slice nearest to the center, the next one before the previous one
 */
function nearestWanted(center, count, isWanted) {
  for (let distance = 0; distance < count; distance++) {
    for (const slice of [center + distance, center - distance]) {
      if (slice >= 0 && slice < count && isWanted(slice)) return slice;
    }
  }
  return null;
}
