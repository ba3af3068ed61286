/** The help: every key and what the mouse does, from the lists that make them work. */
import { MOUSE_HELP, VIEWER_KEYS } from "../viewer/keys.js";

const ANSWER_HELP = [
  { shown: "R  S  U", does: "real, synthetic, unsure" },
  { shown: "Enter", does: "submit the chosen label" },
  { shown: "?", does: "show this help" },
];

/** @param {HTMLDialogElement} dialog  holds elements with data-help */
export function fillHelp(dialog) {
  const lists = { answer: ANSWER_HELP, viewer: VIEWER_KEYS, mouse: MOUSE_HELP };
  for (const [name, entries] of Object.entries(lists)) {
    dialog.querySelector(`[data-help=${name}]`).replaceChildren(...entries.flatMap(row));
  }
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "?") return;
    event.stopPropagation(); // or the page, seeing no dialog, would open it again
    dialog.close();
  });
}

/** @param {{shown: string, does: string}} entry */
function row({ shown, does }) {
  const term = document.createElement("dt");
  const key = document.createElement("kbd");
  key.textContent = shown;
  term.append(key);
  const description = document.createElement("dd");
  description.textContent = does;
  return [term, description];
}
