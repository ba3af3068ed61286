/** Keys work whatever had the focus last, except in a text field or a dialog. */
import { VIEWER_KEYS } from "./keys.js";

const TEXT_FIELD = "textarea, [contenteditable], input:not([type=range], [type=radio], [type=checkbox])";
const OF_LISTS = ["ArrowUp", "ArrowDown", "ArrowLeft", "ArrowRight", "PageUp", "PageDown", "Home", "End", " ", "Enter"];

/**
 * @param {KeyboardEvent} event
 * @returns {string | null} the key, letters as lower case; null when it is not the page's: the browser's, a dialog's,
 *   a text field's, a list's, or a press of the button that has the focus
 */
export function pageKey(event) {
  if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return null;
  const target = /** @type {Element} */ (event.target);
  if (target.matches(TEXT_FIELD) || pressesButton(event, target)) return null;
  if (target.matches("select, [type=radio], [type=checkbox]") && OF_LISTS.includes(event.key)) return null;
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
  if (!target.matches("button, a")) return false;
  if (event.key === " ") return true;
  return event.key === "Enter" && !event.repeat && target.getAttribute("aria-pressed") !== "true";
}
