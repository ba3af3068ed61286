/** Paints one plane's image and what lies over it on a canvas, redoing only what has changed. */
import { annotate, paintOutlines } from "./annotations.js";
import { recolor, Resampler } from "./resample.js";
import { plainColors } from "./window.js";

const FRAMES = 4; // the image shown, those a step away, and where it came from: about 3 MB each on a large screen
const WINDOWED_TWICE = 2; // an image whose window changes again is likely to be dragged through many
const DARKER_HU = 200; // so far below the window it is sampled then: it may be dragged down
const DARKEST_HU = 600; // and so far above the sample: more of that would be painted than need be

/**
 * @typedef {object} Content
 * @property {string} image    changes whenever the image, as it is before the window, may
 * @property {string} overlay  with it and the window: whenever the pixels may
 * @property {string} window
 * @property {import("./planes.js").PlaneView} view
 * @property {import("./planes.js").PlaneView | null} labels
 * @property {import("./window.js").Colors} colors
 */

export class Painter {
  #context;
  /** @type {Frames | null} null: no part of the image lies on the canvas */
  #frames = null;
  #placed = "";
  #painted = "";
  #annotated = "";
  /** @type {{lit: import("./resample.js").Lit, dark: number} | null} of the image there; null: not that alone is there */
  #there = null;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#context = canvas.getContext("2d", { alpha: false });
  }

  /**
   * @param {Content} content
   * @param {boolean} smooth
   * @param {import("./annotations.js").Annotated} annotated
   * @param {string} annotationKey  changes whenever what is drawn over the image may
   */
  paint(content, smooth, annotated, annotationKey) {
    const key = keyOf(content);
    this.#place(annotated.size, annotated.placement, smooth);
    if (key === this.#painted && annotationKey === this.#annotated) return;
    this.#painted = key;
    this.#annotated = annotationKey;
    if (!this.#there) this.#blacken();
    const frame = this.#frames?.shown(content);
    if (frame) this.#put(frame);
    this.#there = annotate(this.#context, annotated) || !frame ? null : { lit: frame.lit, dark: frame.dark };
  }

  /**
   * Have an image ready that is likely to be painted next, where the last one is.
   *
   * @param {Content} content
   */
  ahead(content) {
    this.#frames?.ahead(content);
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
    this.#there = null;
    this.#blacken({ x: 0, y: 0, right: 0, bottom: 0 });
  }

  /** What lies beside the image, and may have something drawn on it. */
  #blacken({ x, y, right, bottom } = this.#frames ?? { x: 0, y: 0, right: 0, bottom: 0 }) {
    const { width, height } = this.#context.canvas;
    this.#context.fillStyle = "black";
    this.#context.fillRect(0, 0, width, y);
    this.#context.fillRect(0, bottom, width, height - bottom);
    this.#context.fillRect(0, y, x, bottom - y);
    this.#context.fillRect(right, y, width - right, bottom - y);
  }

  /** Onto the canvas, what differs from the image there. */
  #put({ image, lit, dark }) {
    const { x, y } = this.#frames;
    if (this.#there?.dark !== dark) return this.#context.putImageData(image, x, y);
    const { left, top, right, bottom } = union(this.#there.lit, lit);
    this.#context.putImageData(image, x, y, left, top, Math.max(0, right - left), Math.max(0, bottom - top));
  }

  #place({ rows, columns }, placement, smooth) {
    const { canvas } = this.#context;
    const across = visible(columns, placement.x, placement.width, canvas.width);
    const down = visible(rows, placement.y, placement.height, canvas.height);
    const placed = JSON.stringify([across, down, smooth, canvas.width, canvas.height]);
    if (placed === this.#placed) return;
    this.#placed = placed;
    this.#painted = "";
    this.#there = null;
    const seen = across.to > across.from && down.to > down.from;
    this.#frames = seen ? new Frames(across, down, smooth) : null;
  }
}

/** @param {Content} content */
const keyOf = ({ image, window, overlay }) => [image, window, overlay].join("|");

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
 * @param {import("./resample.js").Lit} one
 * @param {import("./resample.js").Lit} other
 */
function union(one, other) {
  return {
    left: Math.min(one.left, other.left),
    top: Math.min(one.top, other.top),
    right: Math.max(one.right, other.right),
    bottom: Math.max(one.bottom, other.bottom),
  };
}

/**
 * An image as the screen shows it.
 *
 * @typedef {object} Frame
 * @property {string} key
 * @property {string} of         which image, whatever its window
 * @property {number} windowed   how often that has had another window while it was shown
 * @property {ImageData} image
 * @property {Uint32Array} pixels  the image's
 * @property {import("./resample.js").Lit} lit  outside it all are
 * @property {number} dark
 */

/**
 * An image as it is before the window.
 *
 * @typedef {object} Sample
 * @property {string} of
 * @property {Uint16Array} pixels  numbers of a table's entries, see plainColors
 * @property {number} darkest      HU: it and all below are one
 * @property {import("./resample.js").Lit} lit
 */

/** The few images that were painted last, or are likely to be next; and one as it is before the window. */
class Frames {
  #across;
  #down;
  #resampler;
  /** @type {Frame[]} what was last painted ahead is the last */
  #kept = [];
  /** @type {Frame | null} */
  #shown = null;
  /** @type {Sample | null} */
  #sample = null;

  /**
   * @param {ReturnType<typeof visible>} across
   * @param {ReturnType<typeof visible>} down
   * @param {boolean} smooth
   */
  constructor(across, down, smooth) {
    this.#across = across;
    this.#down = down;
    this.#resampler = new Resampler(across, down, smooth);
    this.x = across.from;
    this.y = down.from;
    this.right = across.to;
    this.bottom = down.to;
  }

  /**
   * @param {Content} content
   * @returns {Frame} of it; painted over by what is shown next, unless that is there already
   */
  shown(content) {
    const known = this.#known(content);
    this.#shown = known ?? this.#paint(this.#sameImage(content) ?? this.#shown ?? this.#added(), content, true);
    return this.#shown;
  }

  /** @param {Content} content  likely to be shown next */
  ahead(content) {
    const known = this.#known(content) ?? this.#sameImage(content);
    const frame = known ?? (this.#kept.length < FRAMES ? this.#added() : this.#oldest());
    if (frame.key !== keyOf(content)) this.#paint(frame, content, false);
    this.#kept = [...this.#kept.filter((one) => one !== frame), frame];
  }

  #oldest() {
    return this.#kept.find((frame) => frame !== this.#shown);
  }

  #known(content) {
    return this.#kept.find((frame) => frame.key === keyOf(content));
  }

  #sameImage({ image }) {
    return this.#kept.find((frame) => frame.of === image);
  }

  /** @returns {Frame} */
  #added() {
    const image = new ImageData(this.#whole.right, this.#whole.bottom);
    const pixels = new Uint32Array(image.data.buffer);
    const frame = { key: "", of: "", windowed: 0, image, pixels, lit: this.#whole, dark: 0 };
    this.#kept.push(frame);
    return frame;
  }

  /** @returns {import("./resample.js").Lit} */
  get #whole() {
    return { left: 0, top: 0, right: this.#across.to - this.x, bottom: this.#down.to - this.y };
  }

  /**
   * @param {Frame} frame
   * @param {Content} content
   * @param {boolean} shown  now, and so likely to be seen in further windows
   */
  #paint(frame, content, shown) {
    const { image, view, labels, colors } = content;
    const { pixels } = frame;
    const windowed = frame.of === image && shown ? frame.windowed + 1 : 0;
    const sample = this.#sampleOf(image, view, colors, windowed > WINDOWED_TWICE);
    if (sample) {
      const area = union(sample.lit, frame.dark === colors.dark ? frame.lit : this.#whole);
      recolor(sample.pixels, this.#whole.right, sample.lit, area, colors, pixels);
    }
    const lit = sample ? sample.lit : this.#resampler.paint(view, colors, pixels);
    if (labels) paintOutlines(labels, this.#across, this.#down, pixels);
    const painted = { key: keyOf(content), of: image, windowed, lit: labels ? this.#whole : lit, dark: colors.dark };
    return Object.assign(frame, painted);
  }

  /**
   * @param {string} image
   * @param {import("./planes.js").PlaneView} view
   * @param {import("./window.js").Colors} colors
   * @param {boolean} dragged  so that a sample is worth its time
   * @returns {Sample | null}
   */
  #sampleOf(image, view, { darkest }, dragged) {
    const known = this.#sample?.of === image ? darkest - this.#sample.darkest : -1;
    if (known >= 0 && known <= DARKEST_HU) return this.#sample;
    if (!dragged) return null;
    const pixels = this.#sample?.pixels ?? new Uint16Array(this.#whole.right * this.#whole.bottom);
    const plain = plainColors(darkest - DARKER_HU);
    const lit = this.#resampler.paint(view, plain, pixels);
    this.#sample = { of: image, pixels, darkest: plain.darkest, lit };
    return this.#sample;
  }
}
