/** The keys of the answer; the viewer listens to its own. */
import { pageKey } from "../viewer/keyboard.js";
import { ANSWER_KEYS } from "./form.js";

/** @param {import("./form.js").AnswerForm} form */
export function listenToAnswerKeys(form) {
  window.addEventListener("keydown", (event) => {
    const key = pageKey(event);
    if (key !== "Enter" && !Object.hasOwn(ANSWER_KEYS, String(key))) return;
    event.preventDefault();
    if (event.repeat) return;
    if (key === "Enter") form.submit();
    else choose(ANSWER_KEYS[key], /** @type {Element} */ (event.target));
  });

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
