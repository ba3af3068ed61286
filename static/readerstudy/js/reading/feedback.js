/** What is told after a practice case, where the study tells it: the images stay until the reader goes on. */

const UNREAD_MS = 1000; // an Enter so soon was meant for the answer

export class Feedback {
  #root;
  #goOn = null;
  #shownAt = 0;

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
    this.#shownAt = performance.now();
    this.#root.querySelector("[data-feedback]").textContent = text;
    this.#root.hidden = false;
  }

  pressEnter() {
    if (performance.now() - this.#shownAt > UNREAD_MS) this.goOn();
  }

  goOn() {
    const goOn = this.#goOn;
    this.hide();
    goOn?.();
  }

  hide() {
    this.#goOn = null;
    if (this.#root) this.#root.hidden = true;
  }
}
