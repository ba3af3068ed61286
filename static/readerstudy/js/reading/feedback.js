/** What is told after a practice case, where the study tells it: the images stay until the reader goes on. */

export class Feedback {
  #root;
  #goOn = null;

  /** @param {HTMLElement | null} root  null where the study tells nothing */
  constructor(root) {
    this.#root = root;
    root?.querySelector("[data-go-on]").addEventListener("click", () => this.goOn());
  }

  get isShown() {
    return this.#goOn !== null;
  }

  /**
   * @param {string} text
   * @param {() => void} goOn  what comes after
   */
  show(text, goOn) {
    if (!this.#root) return goOn();
    this.#goOn = goOn;
    this.#root.querySelector("[data-feedback]").textContent = text;
    this.#root.hidden = false;
  }

  goOn() {
    const goOn = this.#goOn;
    this.#goOn = null;
    this.#root.hidden = true;
    goOn?.();
  }
}
