/**
 * One plane's part of the viewer: its canvas, its place on it, its slider and its texts.
 *
 * What it shows can be read from the canvas' data attributes: data-slice (asked for), data-painted (whose pixels are
 * on the canvas; empty while any of them is loading), data-zoom, data-image-x/y/width/height (where the image lies).
 */
import { placeImage, scaleBarMm, toCanvas, toImage } from "./geometry.js";
import { Painter } from "./painter.js";
import { lettersOf, PLANES, pointIn, projectSlab, sizeOf, slabRange, viewOf } from "./planes.js";

const ZOOM_RANGE = [0.25, 16];
const PAN_RANGE = [-16, 16];
const SCALE_BAR_MOST = 0.25; // of the pane's width

const clamp = (value, [low, high]) => Math.min(high, Math.max(low, value));

/**
 * @typedef {object} Scene  what all panes show; see main.js
 * @property {import("./loading_case.js").LoadingCase} loading
 * @property {import("./loading_case.js").LoadingCase | null} labels
 * @property {import("./planes.js").Point} position
 * @property {import("./window.js").Colors} colors
 * @property {string} windowKey
 * @property {boolean} smooth
 * @property {import("./planes.js").Slab} slab
 * @property {boolean} crosshair
 * @property {boolean} markers
 * @property {import("./planes.js").Point | null} mark
 * @property {import("./planes.js").Point | null} cue
 * @property {import("./tools.js").Rulers} rulers
 */

export class Pane {
  #root;
  #scaleBar;
  #painter;
  #camera = { zoom: 1, panX: 0, panY: 0 };
  /**
   * CSS pixels, and the screen's where the browser tells them; as last observed, for asking lays out the page anew.
   *
   * @type {{width: number, height: number, onScreen?: ResizeObserverSize}}
   */
  #size = { width: 0, height: 0 };
  #placement = { x: 0, y: 0, width: 1, height: 1 };
  /** @type {{x: number, y: number} | null} CSS pixels from the canvas' corner; null: the pointer is elsewhere */
  #pointer = null;
  #slabKey = "";
  /** @type {import("./planes.js").PlaneView | null} */
  #slabView = null;
  /** @type {Record<string, HTMLElement>} by data-text */
  #texts = {};
  /** @type {readonly string[] | null} what the axes run towards that the letters are of */
  #towards = null;

  /** @param {HTMLElement} root  with data-pane */
  constructor(root) {
    this.#root = root;
    this.name = root.dataset.pane;
    this.plane = PLANES[this.name];
    this.canvas = root.querySelector("canvas");
    this.scrollbar = root.querySelector("input[type=range]");
    this.#painter = new Painter(this.canvas);
    this.#scaleBar = /** @type {HTMLElement} */ (root.querySelector(".scale-bar"));
  }

  get visible() {
    return this.#size.width > 0;
  }

  /** CSS pixels. */
  get height() {
    return this.#size.height;
  }

  /** @param {() => void} changed  called when the pane has another size than before */
  watchSize(changed) {
    this.#size = { width: this.canvas.clientWidth, height: this.canvas.clientHeight };
    const box = "devicePixelContentBoxSize" in ResizeObserverEntry.prototype ? "device-pixel-content-box" : "content-box";
    new ResizeObserver(([{ contentRect: { width, height }, devicePixelContentBoxSize }]) => {
      this.#size = { width, height, onScreen: devicePixelContentBoxSize?.[0] };
      changed();
    }).observe(this.canvas, { box });
  }

  /** @param {boolean} active  takes the keys */
  set active(active) {
    this.#root.toggleAttribute("data-active", active);
  }

  /** @param {{x: number, y: number} | null} pointer */
  set pointer(pointer) {
    this.#pointer = pointer;
  }

  resetCamera() {
    this.#camera = { zoom: 1, panX: 0, panY: 0 };
  }

  /**
   * @param {number} factor
   * @param {{x: number, y: number}} [at]  what lies there stays there, CSS pixels; else what lies in the pane's middle
   */
  zoomBy(factor, at = { x: this.#size.width / 2, y: this.#size.height / 2 }) {
    const { zoom } = this.#camera;
    this.#camera.zoom = clamp(zoom * factor, ZOOM_RANGE);
    const share = 1 - this.#camera.zoom / zoom;
    const { x, y, width, height } = this.#placement;
    const middle = { x: (x + width / 2) / devicePixelRatio, y: (y + height / 2) / devicePixelRatio };
    this.panBy(share * (at.x - middle.x), share * (at.y - middle.y), zoom);
  }

  /**
   * @param {number} dx  CSS pixels
   * @param {number} dy
   * @param {number} zoom  at which the image lies where it lies
   */
  panBy(dx, dy, zoom = this.#camera.zoom) {
    const scale = devicePixelRatio * zoom;
    this.#camera.panX = clamp(this.#camera.panX + (dx * scale) / this.#placement.width, PAN_RANGE);
    this.#camera.panY = clamp(this.#camera.panY + (dy * scale) / this.#placement.height, PAN_RANGE);
  }

  /**
   * @param {Scene} scene
   * @param {number} x  CSS pixels
   * @param {number} y
   * @returns {{row: number, column: number}} in image pixels, kept within the image
   */
  imagePoint(scene, x, y) {
    const size = sizeOf(this.plane, scene.loading.volume);
    const { row, column } = toImage(this.#placement, size, x * devicePixelRatio, y * devicePixelRatio);
    return { row: clamp(row, [-0.5, size.rows - 0.5]), column: clamp(column, [-0.5, size.columns - 0.5]) };
  }

  /**
   * @param {Scene} scene
   * @param {{row: number, column: number}} point
   * @returns {{x: number, y: number}} CSS pixels
   */
  canvasPoint(scene, { row, column }) {
    const { x, y } = toCanvas(this.#placement, sizeOf(this.plane, scene.loading.volume), row, column);
    return { x: x / devicePixelRatio, y: y / devicePixelRatio };
  }

  /** @param {Scene} scene */
  draw(scene) {
    this.#fitCanvas();
    const { volume } = scene.loading;
    const size = sizeOf(this.plane, volume);
    const index = scene.position[this.plane.normal];
    const range = this.#range(scene, size, index);
    const loaded = this.#loadedOf(volume, range);
    this.#placement = placeImage(this.canvas, size, this.#camera);
    const nothing = loaded === 0 || (this.plane.normal === 0 && loaded < range[1] - range[0] + 1);
    if (nothing) this.#painter.clear(size, this.#placement, scene.smooth);
    else this.#paint(scene, size, index, range, loaded);
    this.#describe(scene, size, index, !nothing && (this.plane.normal === 0 || volume.complete));
  }

  /**
   * Have an image ready before it is asked for, where it can be.
   *
   * @param {Scene} scene
   * @param {number} index
   */
  ahead(scene, index) {
    const { volume } = scene.loading;
    const within = index >= 0 && index < sizeOf(this.plane, volume).count;
    const loaded = within && scene.slab.mode === "off" ? this.#loadedOf(volume, [index, index]) : 0;
    if (loaded > 0) this.#painter.ahead(this.#contentOf(scene, index, [index, index], loaded));
  }

  #range({ slab }, { count, spacing }, index) {
    return slab.mode === "off" ? [index, index] : slabRange(index, count, spacing, slab.thicknessMm);
  }

  /** @returns {number} slices that are there of those that the image is made of */
  #loadedOf(volume, [first, last]) {
    if (this.plane.normal !== 0) return volume.loadedCount;
    let loaded = 0;
    for (let slice = first; slice <= last; slice++) loaded += volume.has(slice) ? 1 : 0;
    return loaded;
  }

  #paint(scene, size, index, range, loaded) {
    const { position, smooth, markers } = scene;
    const cue = markers ? scene.cue : null;
    const mark = markers ? scene.mark : null;
    const rulers = markers ? scene.rulers.in(this.name, index) : [];
    const crosshair = scene.crosshair ? position : null;
    const annotated = {
      plane: this.plane,
      size,
      placement: this.#placement,
      ratio: devicePixelRatio,
      index,
      spacingMm: scene.loading.volume.spacingMm,
      crosshair,
      cue,
      mark,
      rulers,
    };
    const annotationKey = JSON.stringify([index, crosshair, cue, mark, rulers]);
    this.#painter.paint(this.#contentOf(scene, index, range, loaded), smooth, annotated, annotationKey);
  }

  /** @returns {import("./painter.js").Content} */
  #contentOf(scene, index, range, loaded) {
    const { loading, labels, slab, colors } = scene;
    const shown = nameOf(loading, range, loaded);
    return {
      image: [shown, slab.mode].join("|"),
      window: scene.windowKey,
      overlay: String(labels?.volume.loadedCount),
      view: this.#viewOf(scene, range, shown),
      labels: labels && viewOf(this.plane, labels.volume, index),
      colors,
    };
  }

  #viewOf({ loading, slab }, range, shown) {
    if (slab.mode === "off") return viewOf(this.plane, loading.volume, range[0]);
    const key = `${slab.mode} ${shown}`;
    if (key !== this.#slabKey) {
      this.#slabKey = key;
      this.#slabView = projectSlab(this.plane, loading.volume, range, slab.mode);
    }
    return this.#slabView;
  }

  /** One canvas pixel to one pixel of the screen. */
  #fitCanvas() {
    const { onScreen } = this.#size;
    const width = Math.max(1, onScreen?.inlineSize ?? Math.round(this.#size.width * devicePixelRatio));
    const height = Math.max(1, onScreen?.blockSize ?? Math.round(this.#size.height * devicePixelRatio));
    if (this.canvas.width === width && this.canvas.height === height) return;
    this.canvas.width = width;
    this.canvas.height = height;
  }

  #describe(scene, size, index, painted) {
    const position = `${this.plane.normal === 0 ? "Slice" : "Image"} ${index + 1} / ${size.count}`;
    this.write("slice", position);
    this.write("zoom", `Zoom ${Math.round(this.#camera.zoom * 100)} %${scene.smooth ? "" : "  single pixels"}`);
    this.write("slab", this.#slabText(scene, size, index));
    this.write("hu", this.#huText(scene, index));
    this.#writeLetters(scene.loading.towards);
    this.write("absent", painted ? "" : this.#absentText(scene, index));
    this.#showScale(size);
    setChanged(this.scrollbar, { max: size.count - 1, value: index, ariaValueText: `${position}${painted ? "" : ", loading"}` });
    this.tell({
      slice: index,
      painted: painted ? index : "",
      zoom: this.#camera.zoom,
      imageX: this.#placement.x,
      imageY: this.#placement.y,
      imageWidth: this.#placement.width,
      imageHeight: this.#placement.height,
    });
  }

  #writeLetters(towards) {
    if (towards === this.#towards) return;
    this.#towards = towards;
    for (const [side, letters] of Object.entries(lettersOf(this.plane, towards))) this.write(side, letters);
  }

  #slabText(scene, size, index) {
    if (scene.slab.mode === "off") return "";
    const [first, last] = this.#range(scene, size, index);
    const mm = (last - first + 1) * size.spacing;
    return `${scene.slab.mode === "mip" ? "MIP" : "Average"} ${mm.toFixed(mm < 10 ? 1 : 0)} mm`;
  }

  #huText(scene, index) {
    if (!this.#pointer || scene.slab.mode !== "off") return "";
    const { volume } = scene.loading;
    const x = this.#pointer.x * devicePixelRatio;
    const y = this.#pointer.y * devicePixelRatio;
    const { row, column } = toImage(this.#placement, sizeOf(this.plane, volume), x, y);
    const hu = volume.hu(pointIn(this.plane, index, Math.floor(row + 0.5), Math.floor(column + 0.5)));
    return hu === null ? "" : `${String(hu).replace("-", "−")} HU`;
  }

  #absentText({ loading }, index) {
    if (this.plane.normal !== 0) return "";
    const name = `slice ${index + 1}`;
    if (loading.refused) return `Slice ${index + 1} is no longer available.`;
    return loading.failures.has(index) ? `Could not load ${name}. Trying again.` : `Loading ${name}`;
  }

  #showScale({ columns, columnSpacing }) {
    const pixelsPerMm = this.#placement.width / devicePixelRatio / (columns * columnSpacing);
    const mm = scaleBarMm(pixelsPerMm, this.#size.width * SCALE_BAR_MOST);
    this.write("scale", mm >= 10 ? `${mm / 10} cm` : `${mm} mm`);
    setChanged(this.#scaleBar.style, { width: `${mm * pixelsPerMm}px` });
  }

  /**
   * @param {string} name  of the element with this data-text
   * @param {string} text
   */
  write(name, text) {
    this.#texts[name] ??= this.#root.querySelector(`[data-text=${name}]`);
    setChanged(this.#texts[name], { textContent: text });
  }

  /** @param {Record<string, unknown>} data  the canvas' data attributes */
  tell(data) {
    setChanged(this.canvas.dataset, data);
  }
}

/** @returns {string} changes whenever an image, as it is before the window, may */
function nameOf({ token }, range, loaded) {
  return [token, ...range, loaded].join();
}

/** @type {WeakMap<object, Record<string, unknown>>} what was set last, by what it was set on */
const set = new WeakMap();

/**
 * Set what has changed: every write costs the page, even of what was there.
 *
 * @param {object} target
 * @param {Record<string, unknown>} values
 */
export function setChanged(target, values) {
  const before = set.get(target) ?? {};
  for (const [name, value] of Object.entries(values)) {
    if (before[name] === value) continue;
    before[name] = value;
    target[name] = value;
  }
  set.set(target, before);
}
