/** Paints one slice on a canvas: window table, then scaling to the screen. */
import { windowTable } from "./window.js";

const OPAQUE = 0xff000000; // RGBA in the byte order of every machine a browser runs on

export class SlicePainter {
  #context;
  #source = document.createElement("canvas");
  #sourceContext = this.#source.getContext("2d");
  #colors = new Uint32Array(65536);
  /** @type {ImageData | null} */
  #image = null;

  /** @param {HTMLCanvasElement} canvas */
  constructor(canvas) {
    this.#context = canvas.getContext("2d", { alpha: false });
  }

  /**
   * @param {number} center    HU
   * @param {number} width     HU
   * @param {boolean} inverted white for low HU
   */
  setWindow(center, width, inverted) {
    const grays = windowTable(center, width);
    const flip = inverted ? 0xff : 0;
    for (let bits = 0; bits < grays.length; bits++) {
      this.#colors[bits] = OPAQUE | ((grays[bits] ^ flip) * 0x010101);
    }
  }

  clear() {
    this.#context.fillRect(0, 0, this.#context.canvas.width, this.#context.canvas.height);
  }

  /**
   * @param {Uint16Array} pixels  HU as bit patterns, raster order
   * @param {{rows: number, columns: number}} size
   * @param {import("./geometry.js").Placement} placement
   * @param {boolean} smooth      interpolate between pixels
   */
  paint(pixels, size, placement, smooth) {
    const image = this.#imageOf(size);
    const target = new Uint32Array(image.data.buffer);
    for (let p = 0; p < pixels.length; p++) target[p] = this.#colors[pixels[p]];
    this.#sourceContext.putImageData(image, 0, 0);
    this.clear();
    this.#context.imageSmoothingEnabled = smooth;
    this.#context.imageSmoothingQuality = placement.width < size.columns ? "medium" : "low";
    this.#context.drawImage(this.#source, placement.x, placement.y, placement.width, placement.height);
  }

  /** @param {{rows: number, columns: number}} size */
  #imageOf({ rows, columns }) {
    if (this.#image?.width !== columns || this.#image.height !== rows) {
      this.#source.width = columns;
      this.#source.height = rows;
      this.#image = this.#sourceContext.createImageData(columns, rows);
    }
    return this.#image;
  }
}
