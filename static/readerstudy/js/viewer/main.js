/**
 * The viewer: one case in three linked planes, its window, its tools. Draws at most once a frame. What works it by hand
 * is added by controls.js.
 *
 * What it shows can be read from data attributes: of each canvas, see pane.js; of the axial one also data-loaded,
 * data-window-center, data-window-width, data-inverted, data-sampling.
 *
 * Events
 *   painted      the first slice of a case is on the screen
 *   drawn        what is shown, or how, may be another now
 *   help         it is asked for
 *   refused      the server gives no slices
 *   connection   {lost}: the server can't be reached, or can again
 *   preferences  everything that is to be remembered for this reader, whenever it changes
 *   marking      {active}: whether the next press places the reader's mark
 *   marked       {slice, row, column}: where it was placed, in voxels, whole numbers at their centers
 */
import { choicesOf, Cine, Display, readPreferences } from "./display.js";
import { SliceLoader } from "./loader.js";
import { LoadingCase, startingPoint } from "./loading_case.js";
import { Pane } from "./pane.js";
import { sizeOf } from "./planes.js";
import { Readout } from "./readout.js";
import { Tools } from "./tools.js";

const PROGRESS_MS = 250; // the planes across the slices, and the count of slices, follow the loading so often

const clamp = (value, low, high) => Math.min(high, Math.max(low, value));
const isWhole = (mark) => mark && [mark.slice, mark.row, mark.column].every(Number.isFinite);

export class Viewer extends EventTarget {
  #root;
  /** @type {Pane[]} */
  panes;
  /** @type {Pane} takes the keys */
  #active;
  #readout;
  tools = new Tools();
  #cine = new Cine(() => this.#playOn());
  #loader = new SliceLoader();
  /** @type {LoadingCase | null} */
  #shown = null;
  /** @type {LoadingCase | null} */
  #next = null;
  /** @type {LoadingCase | null} */
  #labels = null;
  #item = null;
  /** Window, slab and what is drawn over the images. */
  display = new Display(() => this.#redraw());
  #preferences;
  /** @type {import("./planes.js").Point} */
  #position = [0, 0, 0];
  /** @type {import("./planes.js").Point | null} */
  #mark = null;
  #frame = 0;
  #idle = 0;
  #windowKey = ""; // of what was drawn last
  #progress = 0;
  #announced = false; // that this case is painted

  /**
   * @param {HTMLElement} root  the markup of _viewer.html
   * @param {object} [options]
   * @param {unknown} [options.preferences]  as the "preferences" event gave them
   */
  constructor(root, { preferences = null } = {}) {
    super();
    this.#root = root;
    this.#preferences = readPreferences(preferences);
    this.panes = [...root.querySelectorAll("[data-pane]")].map((element) => new Pane(/** @type {any} */ (element)));
    this.#active = this.#axial;
    this.#readout = new Readout(this.#axial, root);
    for (const pane of this.panes) pane.watchSize(() => this.#redraw());
    this.#loader.addEventListener("slice", (event) => this.#onSlice(event.detail));
    this.#loader.addEventListener("refused", () => this.dispatchEvent(new Event("refused")));
    this.#loader.addEventListener("connection", (event) => this.#onConnection(event));
    this.tools.addEventListener("change", () => this.#onTools());
    this.tools.addEventListener("marking", (event) => this.#passOn(event));
    this.tools.addEventListener("marked", (event) => {
      this.setMark(event.detail);
      this.#passOn(event);
    });
    this.#applyPreferences();
    this.activate(this.#active);
  }

  get preferences() {
    return this.#preferences;
  }

  /** What is set, as the controls show it. */
  get settings() {
    return {
      window: this.display.window,
      slab: this.display.slab,
      preferences: this.#preferences,
      tool: this.tools.armed,
      playing: this.#cine.running,
    };
  }

  /** Where the three planes meet: whole voxels. */
  get position() {
    const [slice, row, column] = this.#position;
    return { slice, row, column };
  }

  /**
   * @param {import("./loading_case.js").CaseItem} item
   * @param {import("./loading_case.js").CaseItem | null} next  the one after it, fetched when this one is complete
   */
  show(item, next) {
    const known = [this.#shown, this.#next];
    const loadingOf = (wanted) =>
      known.find((one) => one?.token === wanted.token) ?? new LoadingCase(wanted.token, wanted, wanted.slice_url);
    this.#item = item;
    this.#shown = loadingOf(item);
    this.#next = next && loadingOf(next);
    this.#labels = item.overlay_url ? new LoadingCase(`${item.token} labels`, item, item.overlay_url) : null;
    this.#announced = false;
    this.#position = startingPoint(item);
    this.#shown.center = this.#position[0];
    this.#mark = null;
    this.tools.clear();
    this.#cine.stop();
    this.#axial.write("organ", item.organ);
    this.display.begin(item.organ);
    this.reset();
    this.#loader.load([this.#shown, this.#labels, this.#next].filter((one) => one !== null));
  }

  /** @param {Partial<import("./display.js").Preferences>} changed */
  prefer(changed) {
    this.#preferences = readPreferences({ ...this.#preferences, ...changed });
    this.#applyPreferences();
    this.#passOn(new CustomEvent("preferences", { detail: { ...this.#preferences } }));
  }

  nextLayout() {
    const layouts = choicesOf("layout");
    const next = layouts[(layouts.indexOf(this.#preferences.layout) + 1) % layouts.length];
    this.prefer({ layout: next });
  }

  toggleSmooth() {
    this.prefer({ smooth: !this.#preferences.smooth });
  }

  toggleCrosshair() {
    this.prefer({ crosshair: !this.#preferences.crosshair });
  }

  /** @param {Pane} pane  takes the keys from now on */
  activate(pane) {
    this.#active = pane;
    for (const one of this.panes) one.active = one === pane;
  }

  nextPane() {
    const visible = this.panes.filter((pane) => pane.visible);
    this.activate(visible[(visible.indexOf(this.#active) + 1) % visible.length] ?? this.#axial);
  }

  /**
   * @param {number} images  on, in the plane's own direction; negative: back
   * @param {Pane} pane
   */
  scrollBy(images, pane = this.#active) {
    this.scrollTo(this.#position[pane.plane.normal] + images, pane);
  }

  /**
   * @param {number} index
   * @param {Pane} pane
   */
  scrollTo(index, pane = this.#active) {
    this.#cine.stop();
    this.#goTo(index, pane);
  }

  /**
   * @param {Pane} pane
   * @param {{x: number, y: number}} at  CSS pixels: where the crosshair goes
   */
  point(pane, { x, y }) {
    if (!this.#shown) return;
    const { row, column } = pane.imagePoint(this.#scene, x, y);
    const { rows, columns } = sizeOf(pane.plane, this.#shown.volume);
    this.#position[pane.plane.down] = clamp(Math.round(row), 0, rows - 1);
    this.#position[pane.plane.across] = clamp(Math.round(column), 0, columns - 1);
    this.#moved();
  }

  /**
   * @param {number} factor
   * @param {Pane} pane
   * @param {{x: number, y: number}} [at]  what stays in place, CSS pixels; else what is in the pane's middle
   */
  zoomBy(factor, pane = this.#active, at = undefined) {
    pane.zoomBy(factor, at);
    this.#redraw();
  }

  /**
   * @param {number} dx  CSS pixels
   * @param {number} dy
   * @param {Pane} pane
   */
  panBy(dx, dy, pane) {
    pane.panBy(dx, dy);
    this.#redraw();
  }

  toggleCine() {
    if (this.#cine.running) return this.stopCine();
    this.#cine.start(this.#preferences.cineRate);
    this.#redraw();
  }

  stopCine() {
    this.#cine.stop();
    this.#redraw();
  }

  removeRuler() {
    const shown = this.panes.filter(({ visible }) => visible && this.display.markers);
    this.tools.rulers.removeLast((ruler) =>
      shown.some(({ name, plane }) => ruler.plane === name && ruler.index === this.#position[plane.normal]),
    );
    this.#redraw();
  }

  /** @param {{slice: number, row: number, column: number} | null} mark  in voxels */
  setMark(mark) {
    this.#mark = isWhole(mark) ? [mark.slice, mark.row, mark.column] : null;
    this.#redraw();
  }

  async toggleFullScreen() {
    try {
      await (document.fullscreenElement ? document.exitFullscreen() : document.documentElement.requestFullscreen());
    } catch {
      // the browser has none, or does not allow it here: everything stays as it is
    }
  }

  /** Window, slab, zoom and position as at the start of a case; the slices stay. */
  reset() {
    for (const pane of this.panes) pane.resetCamera();
    this.display.reset();
  }

  showHelp() {
    this.dispatchEvent(new Event("help"));
  }

  /**
   * @param {Pane} pane
   * @param {{x: number, y: number} | null} pointer  CSS pixels from the canvas' corner; null: it has left
   */
  hover(pane, pointer) {
    pane.pointer = pointer;
    this.#redraw();
  }

  /**
   * @param {Pane} pane
   * @param {{x: number, y: number}} at
   * @param {string} button
   * @returns {import("./input.js").Drag | null} what the press does instead of the mouse's own action
   */
  takeUp(pane, at, button) {
    return this.#shown && button === "left" ? this.tools.takeUp(pane, this.#scene, at) : null;
  }

  get #axial() {
    return this.panes.find(({ name }) => name === "axial");
  }

  /** @returns {import("./pane.js").Scene} */
  get #scene() {
    const { display, tools } = this;
    const preferences = this.#preferences;
    return {
      loading: this.#shown,
      labels: display.outlines ? this.#labels : null,
      position: this.#position,
      colors: display.colors,
      windowKey: display.windowKey,
      smooth: preferences.smooth,
      slab: display.slab,
      crosshair: tools.armed === "mark" || (preferences.crosshair && preferences.layout !== "axial"),
      markers: display.markers,
      mark: this.#mark,
      cue: this.#item.cue_marker ?? null,
      rulers: tools.rulers,
    };
  }

  /** What is about to be drawn or marked will be seen, and stands still. */
  #onTools() {
    if (this.tools.armed) this.display.showMarkers();
    if (this.tools.armed) this.#cine.stop();
    this.#redraw();
  }

  #applyPreferences() {
    /** @type {HTMLElement} */ (this.#root.querySelector("[data-control=panes]")).dataset.layout = this.#preferences.layout;
    if (this.#preferences.layout === "axial") this.activate(this.#axial);
    if (this.#cine.running) this.#cine.start(this.#preferences.cineRate);
    this.#redraw();
  }

  #playOn() {
    const { normal } = this.#active.plane;
    const next = (this.#position[normal] + 1) % this.#shown.volume.shape[normal];
    if (normal !== 0 || this.#shown.volume.has(next)) this.#goTo(next, this.#active); // else it waits
  }

  /**
   * @param {number} index
   * @param {Pane} pane
   */
  #goTo(index, { plane: { normal } }) {
    if (!this.#shown) return;
    this.#position[normal] = clamp(index, 0, this.#shown.volume.shape[normal] - 1);
    this.#moved();
  }

  #moved() {
    this.#loader.moveTo(this.#shown, this.#position[0]);
    if (this.#labels) this.#loader.moveTo(this.#labels, this.#position[0]);
    this.#redraw();
    const { plane } = this.#active;
    const { normal } = plane;
    this.#readout.announce(plane, this.#position[normal], this.#shown.volume.shape[normal], this.#cine.running);
  }

  /** @param {{loading: LoadingCase, slice: number}} arrived */
  #onSlice({ loading, slice }) {
    if (loading !== this.#shown && loading !== this.#labels) return;
    const now = slice === this.#position[0] || loading.volume.complete;
    if (now && !this.#announced) this.#draw(); // the first image waits for no frame
    else if (now) this.#redraw();
    else this.#progress ||= setTimeout(() => this.#redraw(), PROGRESS_MS);
  }

  /** @param {CustomEvent} event */
  #onConnection(event) {
    this.#readout.tellConnection(event.detail.lost);
    this.#passOn(event);
  }

  /** @param {CustomEvent} event */
  #passOn({ type, detail }) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }

  #redraw() {
    if (this.#frame === 0 && this.#shown) this.#frame = requestAnimationFrame(() => this.#draw());
  }

  #draw() {
    cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    clearTimeout(this.#progress);
    this.#progress = 0;
    const scene = this.#scene;
    for (const pane of this.panes) if (pane.visible) pane.draw(scene);
    this.#readout.update(scene, this.display.window);
    this.dispatchEvent(new Event("drawn"));
    this.#lookAhead(scene);
    if (!this.#announced && this.#axial.canvas.dataset.painted) {
      this.#announced = true;
      this.dispatchEvent(new Event("painted"));
    }
  }

  /** While there is time, have the images ready that a step on or back shows: not while the window is dragged. */
  #lookAhead(scene) {
    const { windowKey } = scene;
    if (!window.requestIdleCallback || windowKey !== this.#windowKey) return void (this.#windowKey = windowKey);
    cancelIdleCallback(this.#idle);
    const pane = this.#active;
    const index = this.#position[pane.plane.normal];
    this.#idle = requestIdleCallback(() => {
      for (const near of [index + 1, index - 1]) pane.ahead(scene, near);
    });
  }
}
