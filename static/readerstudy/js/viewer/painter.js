/** Paints one plane's image and what lies over it on a canvas, redoing only what has changed. */
import { annotate } from "./annotations.js";
import { paintOutlines } from "./outlines.js";
import { recolor, Resampler } from "./resample.js";
import { plainColors } from "./window.js";

const BLACK = 0xff000000;
const WINDOWED_TWICE = 2; // an image whose window changes again is likely to be dragged through many
const KEPT = 4; // images: about 3 MB each on a large screen
const DARKER_HU = 200; // so far below the window they are sampled: it may be dragged down

export class Painter {
  #context;
  /** @type {ImageData} */
  #image;
  /** @type {Uint32Array} */
  #pixels;
  /** @type {Resampler | null} */
  #resampler = null;
  /** @type {Samples | null} */
  #samples = null;
  #sampled = ""; // the image that the pixels are of,
  #windowed = 0; // and how often it has had another window since
  #placed = "";
  #painted = "";
  #annotated = "";
  #overdrawn = true; // anything but the image is on the canvas

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#context = canvas.getContext("2d", { alpha: false });
    this.#resize(canvas);
  }

  /**
   * @param {object} content
   * @param {string} content.image   changes whenever the image, as it is before the window, may
   * @param {string} content.overlay  with it and the window: whenever the pixels may
   * @param {string} content.window
   * @param {import("./planes.js").PlaneView} content.view
   * @param {import("./planes.js").PlaneView | null} content.labels
   * @param {import("./window.js").Colors} content.colors
   * @param {boolean} content.smooth
   * @param {import("./annotations.js").Annotated} content.annotated
   * @param {string} content.annotationKey
   */
  paint(content) {
    const { annotationKey, annotated } = content;
    const key = [content.image, content.window, content.overlay].join("|");
    const spans = this.#place(annotated.size, annotated.placement, content.smooth);
    if (spans && key !== this.#painted) this.#sample(content, spans);
    if (key === this.#painted && annotationKey === this.#annotated) return;
    this.#painted = key;
    this.#annotated = annotationKey;
    this.#put(spans);
    this.#overdrawn = annotate(this.#context, annotated);
  }

  /**
   * Have an image ready that is likely to be painted next, where the last one is.
   *
   * @param {string} image
   * @param {import("./planes.js").PlaneView} view
   * @param {import("./window.js").Colors} colors
   */
  ahead(image, view, { darkest }) {
    if (this.#samples && !this.#samples.of(image, darkest)) this.#samples.take(image, view, darkest);
  }

  /** Onto the canvas: of an image with nothing over it only what it covers. */
  #put(spans) {
    if (this.#overdrawn || !spans) return this.#context.putImageData(this.#image, 0, 0);
    const { across, down } = spans;
    const size = [across.to - across.from, down.to - down.from];
    this.#context.putImageData(this.#image, 0, 0, across.from, down.from, ...size);
  }

  /**
   * Nothing to show yet: black. The tables that the image will need are made meanwhile.
   *
   * @param {import("./planes.js").PlaneSize} size
   * @param {import("./geometry.js").Placement} placement
   * @param {boolean} smooth
   */
  clear(size, placement, smooth) {
    this.#place(size, placement, smooth);
    this.#painted = "";
    this.#overdrawn = true;
    this.#context.fillStyle = "black";
    this.#context.fillRect(0, 0, this.#context.canvas.width, this.#context.canvas.height);
  }

  /** @returns {{across: object, down: object} | null} which screen pixels show which image pixels; null: none */
  #place({ rows, columns }, placement, smooth) {
    const { canvas } = this.#context;
    if (canvas.width !== this.#image.width || canvas.height !== this.#image.height) this.#resize(canvas);
    const across = visible(columns, placement.x, placement.width, canvas.width);
    const down = visible(rows, placement.y, placement.height, canvas.height);
    const seen = across.to > across.from && down.to > down.from;
    const placed = JSON.stringify([across, down, smooth]);
    if (placed !== this.#placed) {
      this.#placed = placed;
      this.#painted = this.#sampled = "";
      this.#overdrawn = true;
      this.#pixels.fill(BLACK);
      this.#resampler = seen ? new Resampler(across, down, smooth) : null;
      this.#samples = seen ? new Samples(this.#resampler, across.to - across.from, down.to - down.from) : null;
    }
    return seen ? { across, down } : null;
  }

  #sample(content, { across, down }) {
    const { image, view, colors, labels } = content;
    const { width } = this.#image;
    const start = down.from * width + across.from;
    const dragged = this.#isDragged(content);
    const kept = this.#samples.of(image, colors.darkest) ?? (dragged && this.#samples.take(image, view, colors.darkest));
    if (kept) recolor(kept.pixels, across.to - across.from, kept.lit, colors, this.#pixels, start, width);
    else this.#resampler.paint(view, colors, this.#pixels, start, width);
    if (labels) paintOutlines(labels, across, down, this.#pixels, start, width);
  }

  /** @returns {boolean} whether the same image gets one window after the other */
  #isDragged({ image }) {
    if (image !== this.#sampled) this.#windowed = 0;
    this.#sampled = image;
    return this.#windowed++ >= WINDOWED_TWICE;
  }

  /** @param {HTMLCanvasElement} canvas */
  #resize({ width, height }) {
    this.#image = this.#context.createImageData(width, height);
    this.#pixels = new Uint32Array(this.#image.data.buffer);
    this.#placed = "";
  }
}

/**
 * @param {number} count   image pixels
 * @param {number} start   where the image begins, in canvas pixels
 * @param {number} length
 * @param {number} limit   of the canvas
 */
function visible(count, start, length, limit) {
  return { count, start, length, from: Math.max(0, start), to: Math.min(limit, start + length) };
}

/**
 * An image as it is before the window, a table entry for every screen pixel.
 *
 * @typedef {object} Sample
 * @property {string} image
 * @property {Uint32Array} pixels  entries of a table of colours, see plainColors
 * @property {number} darkest      HU: it and all below are one, so that no window may reach lower
 * @property {import("./resample.js").Lit} lit
 */

/** The few images that are likely to be seen next, or windowed: colouring alone paints them. */
class Samples {
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
