/**
 * The viewer: one axial image, its window, its place, the texts around it. Draws at most once a frame.
 *
 * What it shows can be read from the canvas' data attributes: data-slice (asked for), data-painted (whose pixels
 * are on the canvas; empty while it loads), data-loaded, data-window-center, data-window-width, data-inverted,
 * data-zoom, data-sampling, data-image-x/y/width/height (where the image lies on the canvas).
 *
 * Events: "painted" when the first slice of a case is on the screen; "refused" when the server gives no slices.
 */
import { pixelAt, placeImage } from "./geometry.js";
import { fillHelp } from "./help.js";
import { listenToPointer } from "./input.js";
import { listenToKeys } from "./keyboard.js";
import { VIEWER_KEYS } from "./keys.js";
import { firstSlice, LoadingCase, SliceLoader } from "./loader.js";
import { SlicePainter } from "./slice.js";
import { PRESETS, presetOf } from "./window.js";

const FIRST_WINDOW = PRESETS[0];
const ZOOM_RANGE = [0.25, 16];
const CENTER_RANGE = [-1024, 3071];
const WIDTH_RANGE = [1, 4096];
const DRAG_FOR_WINDOW_PX = 300; // a drag of so many pixels changes the window by its own width

/**
 * @param {number} value
 * @param {number[]} range
 */
const clamp = (value, [low, high]) => Math.min(high, Math.max(low, value));

export class Viewer extends EventTarget {
  #root;
  #canvas;
  #scrollbar;
  #painter;
  #loader = new SliceLoader();
  /** @type {LoadingCase | null} */
  #shown = null;
  /** @type {LoadingCase | null} */
  #next = null;
  #slice = 0;
  #window = { center: FIRST_WINDOW.center, width: FIRST_WINDOW.width, inverted: false };
  #camera = { zoom: 1, panX: 0, panY: 0 };
  #smooth = true;
  #pointer = { x: NaN, y: NaN };
  #placement = { x: 0, y: 0, width: 1, height: 1 };
  #frame = 0;
  #imageIsStale = true;
  #announced = false;

  /**
   * @param {HTMLElement} root  the markup of _viewer.html
   * @param {object} [options]
   * @param {import("./help.js").HelpSection | null} [options.help]  what the page adds to the help
   */
  constructor(root, { help = null } = {}) {
    super();
    this.#root = root;
    this.#canvas = root.querySelector("canvas");
    this.#scrollbar = root.querySelector("input[type=range]");
    this.#painter = new SlicePainter(this.#canvas);
    this.#painter.setWindow(this.#window.center, this.#window.width, this.#window.inverted);
    fillHelp(this.#helpDialog, help);
    listenToPointer(this.#canvas, this);
    listenToKeys(this);
    this.#connectControls();
    this.#scrollbar.addEventListener("input", () => this.scrollTo(Number(this.#scrollbar.value)));
    this.#loader.addEventListener("slice", (event) => this.#onSlice(event.detail));
    this.#loader.addEventListener("refused", () => this.dispatchEvent(new Event("refused")));
    new ResizeObserver(() => this.#redraw()).observe(this.#canvas);
  }

  /** Every key that the viewer takes, `KeyboardEvent.key` values, with what it does. */
  get keys() {
    return VIEWER_KEYS;
  }

  /**
   * @param {import("./loader.js").CaseItem} item
   * @param {import("./loader.js").CaseItem | null} next  the one after it, fetched when this one is complete
   */
  show(item, next) {
    const known = [this.#shown, this.#next];
    const loadingOf = (wanted) => known.find((one) => one?.token === wanted.token) ?? new LoadingCase(wanted);
    this.#shown = loadingOf(item);
    this.#next = next && loadingOf(next);
    this.#shown.center = firstSlice(item);
    this.#announced = false;
    this.#slice = firstSlice(item);
    this.#scrollbar.max = String(this.#shown.volume.slices - 1);
    this.#write("organ", item.organ);
    this.reset();
    this.#loader.load(this.#next ? [this.#shown, this.#next] : [this.#shown]);
  }

  /** @param {number} slices  towards the feet; negative: towards the head */
  scrollBy(slices) {
    this.scrollTo(this.#slice + slices);
  }

  /** @param {number} slice */
  scrollTo(slice) {
    if (!this.#shown) return;
    this.#slice = clamp(slice, [0, this.#shown.volume.slices - 1]);
    this.#loader.moveTo(this.#shown, this.#slice);
    this.#redraw();
  }

  /**
   * @param {number} center  HU
   * @param {number} width   HU
   */
  setWindow(center, width) {
    this.#window.center = clamp(Math.round(center), CENTER_RANGE);
    this.#window.width = clamp(Math.round(width), WIDTH_RANGE);
    this.#applyWindow();
  }

  /**
   * @param {number} dx  pixels dragged to the right: wider
   * @param {number} dy  pixels dragged down: higher center, darker
   */
  windowBy(dx, dy) {
    const huPerPx = Math.max(1, this.#window.width / DRAG_FOR_WINDOW_PX);
    this.setWindow(this.#window.center + dy * huPerPx, this.#window.width + dx * huPerPx);
  }

  invert() {
    this.#window.inverted = !this.#window.inverted;
    this.#applyWindow();
  }

  /** @param {number} factor */
  zoomBy(factor) {
    this.#camera.zoom = clamp(this.#camera.zoom * factor, ZOOM_RANGE);
    this.#redraw();
  }

  /**
   * @param {number} dx  CSS pixels
   * @param {number} dy
   */
  panBy(dx, dy) {
    const scale = (devicePixelRatio * this.#camera.zoom) / this.#placement.width;
    const aspect = this.#placement.width / this.#placement.height;
    this.#camera.panX = clamp(this.#camera.panX + dx * scale, [-ZOOM_RANGE[1], ZOOM_RANGE[1]]);
    this.#camera.panY = clamp(this.#camera.panY + dy * scale * aspect, [-ZOOM_RANGE[1], ZOOM_RANGE[1]]);
    this.#redraw();
  }

  toggleSmooth() {
    this.#smooth = !this.#smooth;
    this.#redraw();
  }

  /** Window, zoom, position and sampling as at the start of a case; the slice stays. */
  reset() {
    this.#window = { center: FIRST_WINDOW.center, width: FIRST_WINDOW.width, inverted: false };
    this.#camera = { zoom: 1, panX: 0, panY: 0 };
    this.#smooth = true;
    this.#applyWindow();
  }

  /**
   * @param {number} x  CSS pixels from the canvas' left edge; NaN: the pointer has left
   * @param {number} y
   */
  pointAt(x, y) {
    this.#pointer = { x: x * devicePixelRatio, y: y * devicePixelRatio };
    this.#scheduleFrame();
  }

  showHelp() {
    this.#helpDialog.showModal();
  }

  get #helpDialog() {
    return /** @type {HTMLDialogElement} */ (this.#control("help-dialog"));
  }

  #connectControls() {
    this.#control("presets").replaceChildren(...PRESETS.map((preset) => this.#presetButton(preset)));
    this.#control("help").addEventListener("click", () => this.showHelp());
  }

  /** @param {import("./window.js").Preset} preset */
  #presetButton({ key, name, center, width }) {
    const button = document.createElement("button");
    button.type = "button";
    button.title = `Width ${width}, center ${center} HU`;
    const hint = document.createElement("kbd");
    hint.textContent = key;
    button.append(name, hint);
    button.addEventListener("click", () => this.setWindow(center, width));
    return button;
  }

  /** @param {string} name */
  #control(name) {
    return /** @type {HTMLElement} */ (this.#root.querySelector(`[data-control=${name}]`));
  }

  #applyWindow() {
    this.#painter.setWindow(this.#window.center, this.#window.width, this.#window.inverted);
    this.#redraw();
  }

  /** @param {{loading: LoadingCase, slice: number}} arrived */
  #onSlice({ loading, slice }) {
    if (loading !== this.#shown) return;
    if (slice === this.#slice) this.#redraw();
    else this.#scheduleFrame();
  }

  #redraw() {
    this.#imageIsStale = true;
    this.#scheduleFrame();
  }

  /** The texts are written anew every frame asked for; the image only when it is another one. */
  #scheduleFrame() {
    if (this.#frame === 0 && this.#shown) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    this.#frame = 0;
    if (this.#imageIsStale) this.#paint();
    const painted = this.#shown.volume.has(this.#slice);
    this.#describe(painted);
    if (painted && !this.#announced) {
      this.#announced = true;
      this.dispatchEvent(new Event("painted"));
    }
  }

  #paint() {
    this.#imageIsStale = false;
    const { volume } = this.#shown;
    this.#fitCanvas();
    this.#placement = placeImage(this.#canvas, volume, this.#camera);
    const pixels = volume.axial(this.#slice);
    if (pixels) this.#painter.paint(pixels, volume, this.#placement, this.#smooth);
    else this.#painter.clear();
  }

  /** One canvas pixel to one pixel of the screen. */
  #fitCanvas() {
    const width = Math.round(this.#canvas.clientWidth * devicePixelRatio);
    const height = Math.round(this.#canvas.clientHeight * devicePixelRatio);
    if (this.#canvas.width !== width || this.#canvas.height !== height) {
      this.#canvas.width = width;
      this.#canvas.height = height;
    }
  }

  /** @param {boolean} painted */
  #describe(painted) {
    const { volume, failures } = this.#shown;
    const { center, width, inverted } = this.#window;
    const preset = presetOf(center, width);
    const position = `Slice ${this.#slice + 1} / ${volume.slices}`;
    const failing = failures.has(this.#slice);

    this.#write("slice", position);
    this.#write("window", `W ${width}  L ${center}${preset ? `  ${preset.name}` : ""}${inverted ? "  inverted" : ""}`);
    this.#write("zoom", `Zoom ${Math.round(this.#camera.zoom * 100)} %${this.#smooth ? "" : "  single pixels"}`);
    this.#write("hu", this.#huText());
    this.#write("loading", this.#loadingText());
    this.#write("absent", painted ? "" : this.#absentText(failing));
    this.#scrollbar.value = String(this.#slice);
    this.#scrollbar.setAttribute("aria-valuetext", `${position}${painted ? "" : ", loading"}`);
    Object.assign(this.#canvas.dataset, {
      slice: this.#slice,
      painted: painted ? this.#slice : "",
      loaded: volume.loadedCount,
      windowCenter: center,
      windowWidth: width,
      inverted,
      zoom: this.#camera.zoom,
      sampling: this.#smooth ? "smooth" : "nearest",
      imageX: this.#placement.x,
      imageY: this.#placement.y,
      imageWidth: this.#placement.width,
      imageHeight: this.#placement.height,
    });
  }

  #huText() {
    const { volume } = this.#shown;
    const pixel = pixelAt(this.#placement, volume, this.#pointer.x, this.#pointer.y);
    const hu = pixel && volume.hu(this.#slice, pixel.row, pixel.column);
    return hu === null ? "" : `${hu} HU`;
  }

  #loadingText() {
    const { volume, failures } = this.#shown;
    if (volume.loadedCount === volume.slices) return "";
    if (failures.size > 0) return `${failures.size} not loaded, trying again`;
    return `Loading ${volume.loadedCount} / ${volume.slices}`;
  }

  /** @param {boolean} failing */
  #absentText(failing) {
    const name = `slice ${this.#slice + 1}`;
    return failing ? `Could not load ${name}. Trying again.` : `Loading ${name}`;
  }

  /**
   * @param {string} name  of the element with this data-text
   * @param {string} text
   */
  #write(name, text) {
    const element = this.#root.querySelector(`[data-text=${name}]`);
    if (element.textContent !== text) element.textContent = text;
  }
}
