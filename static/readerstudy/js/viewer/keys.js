/** The viewer's keys: one list for what they do and for the help that shows them. */
import { PRESETS } from "./window.js";

/**
 * @typedef {object} Binding
 * @property {string[]} keys       `KeyboardEvent.key` values
 * @property {string} shown        the key's name in the help
 * @property {string} does
 * @property {(viewer: import("./main.js").Viewer) => void} run
 */

/** @type {readonly Binding[]} */
export const VIEWER_KEYS = Object.freeze([
  { keys: ["ArrowUp", "ArrowLeft"], shown: "↑ ←", does: "one slice up", run: (v) => v.scrollBy(-1) },
  { keys: ["ArrowDown", "ArrowRight"], shown: "↓ →", does: "one slice down", run: (v) => v.scrollBy(1) },
  { keys: ["PageUp"], shown: "Page up", does: "ten slices up", run: (v) => v.scrollBy(-10) },
  { keys: ["PageDown"], shown: "Page down", does: "ten slices down", run: (v) => v.scrollBy(10) },
  { keys: ["Home"], shown: "Home", does: "first slice", run: (v) => v.scrollBy(-Infinity) },
  { keys: ["End"], shown: "End", does: "last slice", run: (v) => v.scrollBy(Infinity) },
  ...PRESETS.map(({ key, name, center, width }) => ({
    keys: [key],
    shown: key,
    does: `window ${name}, ${width} / ${String(center).replace("-", "−")}`,
    run: (v) => v.setWindow(center, width),
  })),
  { keys: ["i"], shown: "I", does: "invert gray", run: (v) => v.invert() },
  { keys: ["+", "="], shown: "+", does: "zoom in", run: (v) => v.zoomBy(1.2) },
  { keys: ["-", "_"], shown: "−", does: "zoom out", run: (v) => v.zoomBy(1 / 1.2) },
  { keys: ["n"], shown: "N", does: "smooth or single pixels", run: (v) => v.toggleSmooth() },
  { keys: ["0", " "], shown: "0 or space", does: "reset window, zoom and position", run: (v) => v.reset() },
  { keys: ["?"], shown: "?", does: "show this help", run: (v) => v.showHelp() },
]);

/** What the mouse does, for the help. */
export const MOUSE_HELP = Object.freeze([
  { shown: "Wheel", does: "scroll through slices" },
  { shown: "Left drag", does: "window: right wider, down darker" },
  { shown: "Middle drag", does: "move the image" },
  { shown: "Right drag, Ctrl + wheel", does: "zoom" },
]);
