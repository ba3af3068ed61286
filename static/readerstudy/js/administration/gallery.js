/** The gallery's keys: Y accepts, R rejects once a reason is chosen, J goes on without a verdict. */
import { pageKey } from "../viewer/keys.js";

const accept = /** @type {HTMLFormElement} */ (document.querySelector("form[data-verdict=accept]"));
const reject = /** @type {HTMLFormElement} */ (document.querySelector("form[data-verdict=reject]"));
const skip = /** @type {HTMLAnchorElement | null} */ (document.querySelector("a[data-verdict=skip]"));
const reason = /** @type {HTMLSelectElement} */ (reject.elements.namedItem("reason"));

/** @type {Record<string, () => void>} */
const ACTIONS = {
  y: () => accept.requestSubmit(),
  r: () => (reason.value ? reject.requestSubmit() : reason.focus()),
  j: () => skip?.click(),
};

window.addEventListener("keydown", (event) => {
  const key = pageKey(event);
  const act = key === null || (event.target === reason && key !== "r") ? undefined : ACTIONS[key];
  if (!act || event.repeat) return;
  event.preventDefault();
  act();
});
