/** The keys of the answer and of the page; the viewer listens to its own. A held key acts once. */
import { pageKey } from "../viewer/keys.js";

/**
 * @param {import("./form.js").AnswerForm} form
 * @param {Map<string, () => void>} others  what further keys do
 * @param {import("./mark.js").MarkControl | null} mark  whose marking Enter ends
 * @param {() => void} enter  what Enter does else
 */
export function listenToPageKeys(form, others, mark, enter) {
  window.addEventListener("keydown", (event) => {
    const key = pageKey(event);
    const act = key === null ? undefined : actionOf(key, /** @type {Element} */ (event.target));
    if (!act) return;
    event.preventDefault();
    if (!event.repeat) act();
  });

  /**
   * @param {string} key
   * @param {Element} target
   */
  function actionOf(key, target) {
    if (key === "Enter") return mark?.isMarking ? () => mark.placeAtCrosshair() : enter;
    if (form.keys.has(key)) return () => choose(key, target);
    return others.get(key);
  }

  /**
   * A button that has the focus would take the Enter that follows: the chosen answer takes the focus over.
   *
   * @param {string} key
   * @param {Element} target
   */
  function choose(key, target) {
    form.press(key);
    if (target.matches("button, summary")) form.focusOn(key);
  }
}

/**
 * In a text, Enter is a new line: with Ctrl or Cmd it submits, and Escape goes back to the images' keys.
 *
 * @param {HTMLTextAreaElement | null} text
 * @param {() => void} submit
 */
export function listenInText(text, submit) {
  text?.addEventListener("keydown", (event) => {
    if (event.key === "Escape") text.blur();
    if (event.key !== "Enter" || event.repeat || !(event.ctrlKey || event.metaKey)) return;
    event.preventDefault();
    submit();
  });
}
