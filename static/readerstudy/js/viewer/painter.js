/** Paints one plane's image and what lies over it on a canvas, redoing only what has changed. */
import { annotate } from "./annotations.js";
import { paintOutlines } from "./outlines.js";
import { recolor, Resampler } from "./resample.js";
import { plainColors } from "./window.js";

const BLACK = 0xff000000;
const WINDOWED_TWICE = 2; // an image whose window changes again is likely to be dragged through many

export class Painter {
  #context;
  /** @type {ImageData} */
  #image;
  /** @type {Uint32Array} */
  #pixels;
  #resampler;
  /** @type {Uint32Array | null} what every screen pixel shows, whatever the window: once one is dragged */
  #entries = null;
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
    const spans = this.#place(content);
    if (spans && key !== this.#painted) this.#sample(content, spans);
    if (key === this.#painted && annotationKey === this.#annotated) return;
    this.#painted = key;
    this.#annotated = annotationKey;
    this.#put(spans);
    this.#overdrawn = annotate(this.#context, annotated);
  }

  /** Onto the canvas: of an image with nothing over it only what it covers. */
  #put(spans) {
    if (this.#overdrawn || !spans) return this.#context.putImageData(this.#image, 0, 0);
    const { across, down } = spans;
    const size = [across.to - across.from, down.to - down.from];
    this.#context.putImageData(this.#image, 0, 0, across.from, down.from, ...size);
  }

  /** Nothing to show: no image, black. */
  clear() {
    this.#painted = "";
    this.#overdrawn = true;
    this.#context.fillStyle = "black";
    this.#context.fillRect(0, 0, this.#context.canvas.width, this.#context.canvas.height);
  }

  /** @returns {{across: object, down: object} | null} which screen pixels show which image pixels; null: none */
  #place({ view, smooth, annotated: { placement } }) {
    const { canvas } = this.#context;
    if (canvas.width !== this.#image.width || canvas.height !== this.#image.height) this.#resize(canvas);
    const across = visible(view.columns, placement.x, placement.width, canvas.width);
    const down = visible(view.rows, placement.y, placement.height, canvas.height);
    const seen = across.to > across.from && down.to > down.from;
    const placed = JSON.stringify([across, down, smooth]);
    if (placed !== this.#placed) {
      this.#placed = placed;
      this.#painted = this.#sampled = "";
      this.#overdrawn = true;
      this.#pixels.fill(BLACK);
      this.#resampler = seen ? new Resampler(across, down, smooth) : null;
    }
    return seen ? { across, down } : null;
  }

  #sample(content, { across, down }) {
    const { width } = this.#image;
    const start = down.from * width + across.from;
    if (this.#isDragged(content)) this.#recolor(content, { across, down }, start);
    else this.#resampler.paint(content.view, content.colors, this.#pixels, start, width);
    if (content.labels) paintOutlines(content.labels, across, down, this.#pixels, start, width);
  }

  /** @returns {boolean} whether the same image gets one window after the other */
  #isDragged({ image }) {
    if (image !== this.#sampled) {
      this.#entries = null;
      this.#windowed = 0;
    }
    this.#sampled = image;
    return this.#windowed++ >= WINDOWED_TWICE;
  }

  #recolor({ view, colors }, { across, down }, start) {
    const columns = across.to - across.from;
    if (!this.#entries) {
      this.#entries = new Uint32Array(columns * (down.to - down.from));
      this.#resampler.paint(view, plainColors(), this.#entries, 0, columns);
    }
    recolor(this.#entries, columns, colors, this.#pixels, start, this.#image.width);
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
