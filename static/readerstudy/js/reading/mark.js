/** "What gave it away": a button that starts marking in the image, and what it says of the mark. */

export class MarkControl {
  #toggle;
  #said;
  #remove;
  #viewer;
  #form;
  #marking = false;

  /**
   * @param {HTMLElement} root  holds a button with data-mark, a text, a button with data-unmark
   * @param {import("../viewer/main.js").Viewer} viewer
   * @param {import("./form.js").AnswerForm} form
   */
  constructor(root, viewer, form) {
    this.#toggle = root.querySelector("[data-mark]");
    this.#said = root.querySelector("[data-marked]");
    this.#remove = root.querySelector("[data-unmark]");
    this.#viewer = viewer;
    this.#form = form;
    this.#toggle.addEventListener("click", () => this.toggle());
    this.#remove.addEventListener("click", () => form.setMark(null));
    viewer.addEventListener("marking", (event) => this.#onMarking(event.detail.active));
    viewer.addEventListener("marked", (event) => form.setMark(event.detail));
    form.addEventListener("mark", () => this.#show());
    form.addEventListener("close", () => viewer.tools.cancelMarking());
    this.#show();
  }

  /** Its key, as `KeyboardEvent.key` in lower case. */
  get key() {
    return this.#toggle.dataset.key;
  }

  /** Whether the next press in the image places the mark. */
  get isMarking() {
    return this.#marking;
  }

  toggle() {
    if (this.#marking) this.#viewer.tools.cancelMarking();
    else if (this.#form.isOpen) this.#viewer.tools.startMarking();
  }

  /** Without a mouse: where the three planes meet. */
  placeAtCrosshair() {
    this.#viewer.tools.cancelMarking();
    this.#form.setMark(this.#viewer.position);
  }

  /** @param {boolean} active */
  #onMarking(active) {
    this.#marking = active;
    this.#show();
  }

  #show() {
    const { mark } = this.#form;
    this.#viewer.setMark(mark);
    this.#toggle.setAttribute("aria-pressed", String(this.#marking));
    this.#remove.hidden = mark === null;
    if (this.#marking) this.#said.textContent = "Click on it in the image, or press Enter to mark the crosshair. Esc cancels.";
    else this.#said.textContent = mark ? `Marked on slice ${Math.round(mark.slice) + 1}` : "";
  }
}
