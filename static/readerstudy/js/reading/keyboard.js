/** The page's keys: they work whatever had the focus last, except in a text field or a dialog. */
import { VIEWER_KEYS } from "../viewer/keys.js";
import { ANSWER_KEYS } from "./form.js";

const TEXT_FIELD = "textarea, select, [contenteditable], input:not([type=range])";

/**
 * @param {object} parts
 * @param {import("../viewer/main.js").Viewer} parts.viewer
 * @param {import("./form.js").AnswerForm} parts.form
 * @param {() => void} parts.showHelp
 */
export function listenToKeys({ viewer, form, showHelp }) {
  window.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || document.querySelector("dialog[open]")) return;
    const target = /** @type {Element} */ (event.target);
    if (target.matches(TEXT_FIELD) || pressesButton(event, target)) return;
    const act = actionOf(event.key.length === 1 ? event.key.toLowerCase() : event.key);
    if (!act) return;
    event.preventDefault();
    if (!(act.once && event.repeat)) act.run(target);
  });

  /** @param {string} key */
  function actionOf(key) {
    if (key === "?") return { once: true, run: showHelp };
    if (key === "Enter") return { once: true, run: () => form.submit() };
    if (Object.hasOwn(ANSWER_KEYS, key)) return { once: true, run: (target) => choose(ANSWER_KEYS[key], target) };
    const binding = VIEWER_KEYS.find(({ keys }) => keys.includes(key));
    return binding && { once: false, run: () => binding.run(viewer) };
  }

  /**
   * A button that has the focus would take the Enter that follows: the chosen label takes the focus over.
   *
   * @param {string} label
   * @param {Element} target
   */
  function choose(label, target) {
    form.choose(label);
    if (target.matches("button")) form.focusOn(label);
  }
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
