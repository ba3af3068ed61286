/** The help: every key and what the mouse does, from the lists that make them work. */
import { MOUSE_HELP, VIEWER_KEYS } from "./keys.js";

/**
 * @typedef {object} HelpSection  what the page around the viewer adds
 * @property {string} title
 * @property {readonly {shown: string, does: string}[]} entries
 */

/**
 * @param {HTMLDialogElement} dialog  holds elements with data-help
 * @param {HelpSection | null} added
 */
export function fillHelp(dialog, added) {
  const lists = { viewer: VIEWER_KEYS, mouse: MOUSE_HELP };
  for (const [name, entries] of Object.entries(lists)) {
    dialog.querySelector(`[data-help=${name}]`).replaceChildren(...entries.flatMap(row));
  }
  if (added) dialog.querySelector("[data-help=page]").prepend(...section(added));
  dialog.addEventListener("keydown", (event) => {
    if (event.key !== "?") return;
    event.stopPropagation(); // or the page, seeing no dialog, would open it again
    dialog.close();
  });
}

/** @param {HelpSection} added */
function section({ title, entries }) {
  const heading = document.createElement("h3");
  heading.textContent = title;
  const list = document.createElement("dl");
  list.append(...entries.flatMap(row));
  return [heading, list];
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
