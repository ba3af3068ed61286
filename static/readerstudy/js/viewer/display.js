/**
 * How a case is shown: window, slab and what is drawn over it, as at the start after every reset; cine; and what a
 * reader sets once and finds again, kept by the page around the viewer and checked here.
 */
import { THICKNESSES_MM } from "./planes.js";
import { boundedWindow, colorsOf, startingWindow } from "./window.js";

const DRAG_FOR_WINDOW_PX = 300; // a drag of so many pixels changes the window by its own width
const SLAB_MM = 10;

export class Display {
  window = startingWindow("");
  /** @type {import("./planes.js").Slab} */
  slab = { mode: "off", thicknessMm: SLAB_MM };
  /** Whether rulers and markers are seen. */
  markers = true;
  outlines = true;
  #organ = "";
  #rest = [0, 0]; // HU of center and width that a drag has moved, and that are not whole yet
  #changed;
  /** @type {import("./window.js").Colors | null} */
  #colors = null;
  #colorsKey = "";

  /** @param {() => void} changed  called when anything has */
  constructor(changed) {
    this.#changed = changed;
  }

  /** @param {string} organ  of the case that is shown from now on */
  begin(organ) {
    this.#organ = organ;
    this.reset();
  }

  reset() {
    this.window = startingWindow(this.#organ);
    this.slab = { mode: "off", thicknessMm: SLAB_MM };
    this.showMarkers();
  }

  /**
   * @param {number} center  HU
   * @param {number} width   HU
   */
  setWindow(center, width) {
    Object.assign(this.window, boundedWindow(center, width));
    this.#changed();
  }

  /**
   * @param {number} dx  pixels dragged to the right: wider
   * @param {number} dy  pixels dragged down: higher center, darker
   */
  windowBy(dx, dy) {
    const { center, width } = this.window;
    const huPerPx = Math.max(1, width / DRAG_FOR_WINDOW_PX);
    const by = [dy, dx].map((px, at) => px * huPerPx + this.#rest[at]);
    const whole = by.map(Math.trunc);
    this.#rest = by.map((hu, at) => hu - whole[at]);
    this.setWindow(center + whole[0], width + whole[1]);
  }

  invert() {
    this.window.inverted = !this.window.inverted;
    this.#changed();
  }

  /** @param {Partial<import("./planes.js").Slab>} slab */
  setSlab(slab) {
    this.slab = { ...this.slab, ...slab };
    this.#changed();
  }

  /** @param {"average" | "mip"} mode */
  toggleSlab(mode) {
    this.setSlab({ mode: this.slab.mode === mode ? "off" : mode });
  }

  /** @param {number} steps  of THICKNESSES_MM */
  thickenSlab(steps) {
    const at = THICKNESSES_MM.indexOf(this.slab.thicknessMm) + steps;
    const within = Math.min(THICKNESSES_MM.length - 1, Math.max(0, at));
    this.setSlab({ thicknessMm: THICKNESSES_MM[within] });
  }

  showMarkers() {
    this.markers = true;
    this.#changed();
  }

  toggleMarkers() {
    this.markers = !this.markers;
    this.#changed();
  }

  toggleOutlines() {
    this.outlines = !this.outlines;
    this.#changed();
  }

  /** @returns {string} changes whenever the colours do */
  get windowKey() {
    return Object.values(this.window).join();
  }

  /** @returns {import("./window.js").Colors} */
  get colors() {
    if (this.#colors === null || this.#colorsKey !== this.windowKey) {
      this.#colorsKey = this.windowKey;
      this.#colors = colorsOf(this.window, this.#colors);
    }
    return this.#colors;
  }
}

/** Slice after slice at a steady rate, round and round. */
export class Cine {
  #timer = 0;
  #step;

  /** @param {() => void} step  shows the next slice */
  constructor(step) {
    this.#step = step;
  }

  get running() {
    return this.#timer !== 0;
  }

  /** @param {number} rate  slices a second */
  start(rate) {
    this.stop();
    this.#timer = setInterval(this.#step, 1000 / rate);
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = 0;
  }
}

/**
 * @typedef {object} Preferences
 * @property {"window" | "swap" | "scroll"} mouse  what a left drag does; see MOUSE_MAPS
 * @property {"axial" | "one-two" | "three"} layout
 * @property {boolean} smooth     false: single pixels
 * @property {boolean} crosshair  shown in the layouts of several planes
 * @property {number} cineRate    images a second
 */

const CHOICES = {
  mouse: ["window", "swap", "scroll"],
  layout: ["axial", "one-two", "three"],
  smooth: [true, false],
  crosshair: [true, false],
  cineRate: [10, 5, 15, 20, 30],
};

/** @param {string} name */
export function choicesOf(name) {
  return CHOICES[name];
}

/**
 * @param {any} stored  whatever was kept
 * @returns {Preferences} the known of them; the first choice for what is missing or is none of the choices
 */
export function readPreferences(stored) {
  const chosen = Object.entries(CHOICES).map(([name, choices]) => {
    const value = stored !== null && typeof stored === "object" ? stored[name] : undefined;
    return [name, choices.some((choice) => choice === value) ? value : choices[0]];
  });
  return Object.fromEntries(chosen);
}
