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
    viewer.addEventListener("marked", (event) => this.#onMarked(event.detail));
    form.addEventListener("mark", () => this.#show());
    window.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && this.#marking) this.toggle();
    });
    this.#show();
  }

  /** Its key, as `KeyboardEvent.key` in lower case. */
  get key() {
    return this.#toggle.dataset.key;
  }

  toggle() {
    if (!this.#form.isOpen) return;
    this.#marking = !this.#marking;
    if (this.#marking) this.#viewer.startMarking();
    else this.#viewer.cancelMarking();
    this.#show();
  }

  /** @param {import("./form.js").Mark} mark */
  #onMarked({ slice, row, column }) {
    this.#marking = false;
    this.#form.setMark({ slice, row, column });
  }

  #show() {
    const { mark, isOpen } = this.#form;
    if (!isOpen && this.#marking) {
      this.#marking = false;
      this.#viewer.cancelMarking();
    }
    this.#viewer.setMark(mark);
    this.#toggle.setAttribute("aria-pressed", String(this.#marking));
    this.#remove.hidden = mark === null;
    if (this.#marking) this.#said.textContent = "Click on it in the image. Esc cancels.";
    else this.#said.textContent = mark ? `Marked on slice ${Math.round(mark.slice) + 1}` : "";
  }
}
