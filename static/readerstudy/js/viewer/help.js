/** The help: every key and what mouse and fingers do, from the lists that make them work. */
import { IMAGE_KEYS, pointerHelp, TOOL_KEYS } from "./keys.js";

/**
 * @typedef {object} HelpSection  what the page around the viewer adds
 * @property {string} title
 * @property {readonly {shown: string, does: string}[]} entries
 */

export class Help {
  #dialog;
  #mouseMap = "";

  /**
   * @param {HTMLDialogElement} dialog  holds elements with data-help
   * @param {HelpSection | null} added
   */
  constructor(dialog, added) {
    this.#dialog = dialog;
    this.#fill("image", IMAGE_KEYS);
    this.#fill("tools", TOOL_KEYS);
    if (added) {
      const heading = document.createElement("h3");
      heading.textContent = added.title;
      const list = document.createElement("dl");
      list.append(...added.entries.flatMap(row));
      dialog.querySelector("[data-help=page]").prepend(heading, list);
    }
    dialog.addEventListener("keydown", (event) => {
      if (event.key !== "?") return;
      event.stopPropagation(); // or the page, seeing no dialog, would open it again
      dialog.close();
    });
  }

  open() {
    this.#dialog.showModal();
  }

  /** @param {string} mouseMap  of MOUSE_MAPS */
  showMouse(mouseMap) {
    if (mouseMap === this.#mouseMap) return;
    this.#mouseMap = mouseMap;
    this.#fill("mouse", pointerHelp(mouseMap));
  }

  /**
   * @param {string} name
   * @param {readonly {shown: string, does: string}[]} entries
   */
  #fill(name, entries) {
    this.#dialog.querySelector(`[data-help=${name}]`).replaceChildren(...entries.flatMap(row));
  }
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
