/**
 * Images as they are before the window, a table entry for every screen pixel: of them an image is painted by colouring
 * alone. Kept are the few that a reader is likely to see next, or whose window is being dragged.
 */
import { plainColors } from "./window.js";

const KEPT = 4; // images: about 3 MB each on a large screen
const DARKER_HU = 200; // so far below the window they are sampled: it may be dragged down

/**
 * @typedef {object} Sample
 * @property {string} image
 * @property {Uint32Array} pixels  entries of a table of colours, see plainColors
 * @property {number} darkest      HU: it and all below are one, so that no window may reach lower
 * @property {import("./resample.js").Lit} lit
 */

export class Samples {
  #resampler;
  #columns;
  #length;
  /** @type {Sample[]} the latest last */
  #kept = [];

  /**
   * @param {import("./resample.js").Resampler} resampler
   * @param {number} columns  of an image, in screen pixels
   * @param {number} rows
   */
  constructor(resampler, columns, rows) {
    this.#resampler = resampler;
    this.#columns = columns;
    this.#length = columns * rows;
  }

  /**
   * @param {string} image
   * @param {number} darkest  HU, of the window that it is to be seen in
   * @returns {Sample | undefined}
   */
  of(image, darkest) {
    return this.#kept.find((sample) => sample.image === image && sample.darkest <= darkest);
  }

  /**
   * Sample an image, instead of the oldest that is kept.
   *
   * @param {string} image
   * @param {import("./planes.js").PlaneView} view
   * @param {number} darkest
   * @returns {Sample}
   */
  take(image, view, darkest) {
    const outdated = this.#kept.findIndex((sample) => sample.image === image);
    const [given] = outdated >= 0 ? this.#kept.splice(outdated, 1) : this.#kept.splice(0, this.#kept.length - KEPT + 1);
    const pixels = given?.pixels ?? new Uint32Array(this.#length);
    const plain = plainColors(darkest - DARKER_HU);
    const lit = this.#resampler.paint(view, plain, pixels, 0, this.#columns);
    const sample = { image, pixels, darkest: plain.darkest, lit };
    this.#kept.push(sample);
    return sample;
  }
}
