/**
 * The viewer's keys and what the mouse does: one list for what they do and for the help that shows them. Keys work
 * whatever had the focus last, except in a text field or a dialog.
 */
import { PRESETS } from "./window.js";

const TEXT_FIELD = "textarea, [contenteditable], input:not([type=range], [type=radio], [type=checkbox])";
const TAKES_LIST_KEYS = "select:not([data-pointed]), [type=radio], [type=checkbox]";
const OF_LISTS = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "PageUp", "PageDown", "Home", "End", " ", "Enter"];

/**
 * @typedef {object} Binding
 * @property {string[]} keys       `KeyboardEvent.key` values, letters as lower case
 * @property {string} shown        the key's name in the help
 * @property {string} does
 * @property {(viewer: import("./main.js").Viewer) => void} run
 * @property {boolean} [once]      a held key does it once
 */

/** @type {readonly Binding[]} */
export const IMAGE_KEYS = Object.freeze([
  { keys: ["ArrowUp", "ArrowLeft"], shown: "↑ ←", does: "one slice back", run: (v) => v.scrollBy(-1) },
  { keys: ["ArrowDown", "ArrowRight"], shown: "↓ →", does: "one slice on", run: (v) => v.scrollBy(1) },
  { keys: ["PageUp"], shown: "Page up", does: "ten slices back", run: (v) => v.scrollBy(-10) },
  { keys: ["PageDown"], shown: "Page down", does: "ten slices on", run: (v) => v.scrollBy(10) },
  { keys: ["Home"], shown: "Home", does: "first slice", run: (v) => v.scrollBy(-Infinity) },
  { keys: ["End"], shown: "End", does: "last slice", run: (v) => v.scrollBy(Infinity) },
  { keys: ["c"], shown: "C", does: "cine: start or stop", run: (v) => v.toggleCine(), once: true },
  ...PRESETS.map(({ key, name, center, width }) => ({
    keys: [key],
    shown: key,
    does: `window ${name}, ${width} / ${String(center).replace("-", "−")}`,
    run: (v) => v.display.setWindow(center, width),
  })),
  { keys: ["i"], shown: "I", does: "invert gray", run: (v) => v.display.invert(), once: true },
  { keys: ["+", "="], shown: "+", does: "zoom in", run: (v) => v.zoomBy(1.2) },
  { keys: ["-", "_"], shown: "−", does: "zoom out", run: (v) => v.zoomBy(1 / 1.2) },
  { keys: ["0", " "], shown: "0 or space", does: "reset window, slab, zoom and position", run: (v) => v.reset() },
]);

/** @type {readonly Binding[]} */
export const TOOL_KEYS = Object.freeze([
  { keys: ["l"], shown: "L", does: "next layout", run: (v) => v.nextLayout(), once: true },
  { keys: ["v"], shown: "V", does: "next plane takes the keys", run: (v) => v.nextPane(), once: true },
  { keys: ["x"], shown: "X", does: "crosshair on or off", run: (v) => v.toggleCrosshair(), once: true },
  { keys: ["m"], shown: "M", does: "measure: drag a ruler", run: (v) => v.tools.toggleRuler(), once: true },
  { keys: ["Delete", "Backspace"], shown: "Delete", does: "remove the ruler last touched", run: (v) => v.removeRuler() },
  { keys: ["Escape"], shown: "Esc", does: "put the tool down", run: (v) => v.tools.putDown() },
  { keys: ["a"], shown: "A", does: "thick slab: average on or off", run: (v) => v.display.toggleSlab("average"), once: true },
  { keys: ["p"], shown: "P", does: "thick slab: maximum (MIP) on or off", run: (v) => v.display.toggleSlab("mip"), once: true },
  { keys: [","], shown: ",", does: "thinner slab", run: (v) => v.display.thickenSlab(-1) },
  { keys: ["."], shown: ".", does: "thicker slab", run: (v) => v.display.thickenSlab(1) },
  { keys: ["h"], shown: "H", does: "hide or show markers and rulers", run: (v) => v.display.toggleMarkers(), once: true },
  { keys: ["g"], shown: "G", does: "outlines on or off, where there are any", run: (v) => v.display.toggleOutlines(), once: true },
  { keys: ["n"], shown: "N", does: "smooth or single pixels", run: (v) => v.toggleSmooth(), once: true },
  { keys: ["f"], shown: "F", does: "full screen on or off", run: (v) => v.toggleFullScreen(), once: true },
  { keys: ["?"], shown: "?", does: "show this help", run: (v) => v.showHelp(), once: true },
]);

export const VIEWER_KEYS = Object.freeze([...IMAGE_KEYS, ...TOOL_KEYS]);

/**
 * What dragging with each button does.
 *
 * @typedef {"window" | "pan" | "zoom" | "scroll"} Drag
 * @type {Readonly<Record<string, {left: Drag, middle: Drag, right: Drag}>>}
 */
export const MOUSE_MAPS = Object.freeze({
  window: { left: "window", middle: "pan", right: "zoom" },
  swap: { left: "zoom", middle: "pan", right: "window" },
  scroll: { left: "scroll", middle: "pan", right: "window" },
});

const DRAGS = {
  window: "window: right wider, down darker",
  pan: "move the image",
  zoom: "zoom: up larger",
  scroll: "scroll through slices",
};

/**
 * @param {string} map  of MOUSE_MAPS
 * @returns {{shown: string, does: string}[]} what the mouse and fingers do, for the help
 */
export function pointerHelp(map) {
  const { left, middle, right } = MOUSE_MAPS[map];
  return [
    { shown: "Wheel", does: "scroll through slices" },
    { shown: "Left drag", does: DRAGS[left] },
    { shown: "Middle drag", does: DRAGS[middle] },
    { shown: "Right drag", does: DRAGS[right] },
    { shown: "Ctrl + wheel", does: "zoom at the pointer" },
    { shown: "Click", does: "put the crosshair there" },
    { shown: "Shift + drag", does: "move the crosshair" },
    { shown: "Drag a ruler’s end", does: "move it; to the other: remove" },
    { shown: "One finger", does: "scroll through slices" },
    { shown: "Two fingers", does: "zoom and move" },
  ];
}

/**
 * @param {KeyboardEvent} event
 * @returns {string | null} the key, letters as lower case; null when it is not the page's: the browser's, a dialog's,
 *   a text field's, a list's, or a press of the button that has the focus
 */
export function pageKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return null;
  const target = /** @type {Element} */ (event.target);
  if (target.matches(TEXT_FIELD) || pressesButton(event, target)) return null;
  if (target.matches(TAKES_LIST_KEYS) && OF_LISTS.includes(event.key)) return null;
  return event.key.length === 1 ? event.key.toLowerCase() : event.key;
}

/** @param {import("./main.js").Viewer} viewer */
export function listenToKeys(viewer) {
  window.addEventListener("keydown", (event) => {
    const key = pageKey(event);
    const binding = key !== null && VIEWER_KEYS.find(({ keys }) => keys.includes(key));
    if (!binding) return;
    event.preventDefault();
    if (!(binding.once && event.repeat)) binding.run(viewer);
  });
}

/**
 * Space and Enter press the button that has the keyboard's focus; Enter on the label already chosen submits.
 *
 * @param {KeyboardEvent} event
 * @param {Element} target
 */
function pressesButton(event, target) {
  if (!target.matches("button, a, summary")) return false;
  if (event.key === " ") return true;
  return event.key === "Enter" && !event.repeat && target.getAttribute("aria-pressed") !== "true";
}
