/**
 * How real each attribute of a tumour looks, 1 to 5. By keys: the form's key puts the focus on the next scale, where a
 * digit sets it and goes on to the one after; elsewhere digits are the viewer's.
 */

/** Events: "change". */
export class RealismScales extends EventTarget {
  #scales;
  #next;
  /** @type {Record<string, number>} attribute -> level */
  #levels = {};
  #open = false;

  /** @param {HTMLElement} root  holds groups with data-attribute, each of buttons with data-level */
  constructor(root) {
    super();
    this.#scales = /** @type {HTMLElement[]} */ ([...root.querySelectorAll("[data-attribute]")]);
    this.#next = /** @type {HTMLButtonElement | null} */ (root.querySelector("[data-next-scale]"));
    this.#next?.addEventListener("click", () => this.focusNext());
    for (const scale of this.#scales) {
      scale.addEventListener("keydown", (event) => this.#onKey(event, scale));
      for (const button of scale.querySelectorAll("button")) {
        button.addEventListener("click", () => this.#set(scale, Number(button.dataset.level)));
      }
    }
  }

  /** The key that begins to rate; undefined where nothing is asked. */
  get key() {
    return this.#next?.dataset.key;
  }

  get levels() {
    return { ...this.#levels };
  }

  get isWhole() {
    return this.#scales.every(({ dataset }) => dataset.attribute in this.#levels);
  }

  /** Where nothing is asked, there is nothing to send. */
  get isAsked() {
    return this.#scales.length > 0;
  }

  /** @param {Record<string, number>} levels */
  fill(levels) {
    this.#levels = { ...levels };
    this.#show();
  }

  /** @param {boolean} open  whether a level can be set */
  setOpen(open) {
    this.#open = open;
    this.#show();
  }

  /** Put the focus on the first scale without a level, or else on the first. */
  focusNext() {
    const next = this.#scales.find(({ dataset }) => !(dataset.attribute in this.#levels)) ?? this.#scales[0];
    next?.focus();
  }

  /**
   * @param {KeyboardEvent} event
   * @param {HTMLElement} scale
   */
  #onKey(event, scale) {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    if (event.key === "Escape") scale.blur();
    if (!/^[1-5]$/.test(event.key)) return;
    event.preventDefault();
    event.stopPropagation(); // or the viewer would change its window
    if (event.repeat) return;
    this.#set(scale, Number(event.key));
    if (this.isWhole) /** @type {HTMLElement} */ (document.activeElement).blur();
    else this.focusNext();
  }

  /**
   * @param {HTMLElement} scale
   * @param {number} level
   */
  #set(scale, level) {
    if (!this.#open) return;
    this.#levels[scale.dataset.attribute] = level;
    this.#show();
    this.dispatchEvent(new Event("change"));
  }

  #show() {
    for (const scale of this.#scales) {
      for (const button of scale.querySelectorAll("button")) {
        const pressed = this.#levels[scale.dataset.attribute] === Number(button.dataset.level);
        button.setAttribute("aria-pressed", String(pressed));
        button.setAttribute("aria-disabled", String(!this.#open));
      }
    }
  }
}
