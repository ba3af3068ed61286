/** The answer: one of three labels, changed as often as wanted until it is submitted. */

const NAMES = { real: "Real", synthetic: "Synthetic", unsure: "Unsure" };

/** The keys of the answers. No key of the viewer's is among them. */
export const ANSWER_KEYS = Object.freeze({ r: "real", s: "synthetic", u: "unsure" });

/** For the help. */
export const ANSWER_HELP = Object.freeze([
  { shown: "R  S  U", does: "real, synthetic, unsure" },
  { shown: "Enter", does: "submit the chosen label" },
]);

/** Event: "submit", once a case, with a label chosen. */
export class AnswerForm extends EventTarget {
  #buttons;
  #submit;
  #announcer;
  #open = false;
  /** @type {string | null} */
  label = null;

  /** @param {HTMLElement} root  holds the buttons with data-label, one of type submit, a live region */
  constructor(root) {
    super();
    this.#buttons = [...root.querySelectorAll("button[data-label]")];
    this.#submit = root.querySelector("button[type=submit]");
    this.#announcer = root.querySelector("[data-announce]");
    for (const button of this.#buttons) {
      button.addEventListener("click", () => this.choose(button.dataset.label));
    }
    root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.#show();
  }

  /** Ready for a new case. */
  open() {
    this.#open = true;
    this.label = null;
    this.#announcer.textContent = "";
    this.#show();
  }

  /** Nothing can be chosen or submitted: before the image is seen and after the answer is given. */
  close() {
    this.#open = false;
    this.#show();
  }

  clear() {
    this.label = null;
    this.close();
  }

  /** @param {string} label */
  choose(label) {
    if (!this.#open) return;
    this.label = label;
    this.#announcer.textContent = `${NAMES[label]} chosen. Enter submits.`;
    this.#show();
  }

  /** @param {string} label */
  focusOn(label) {
    this.#buttons.find((button) => button.dataset.label === label).focus();
  }

  submit() {
    if (!this.#open || this.label === null) return;
    this.close();
    this.dispatchEvent(new Event("submit"));
  }

  #show() {
    for (const button of this.#buttons) {
      button.setAttribute("aria-pressed", String(button.dataset.label === this.label));
      button.setAttribute("aria-disabled", String(!this.#open));
    }
    this.#submit.setAttribute("aria-disabled", String(!this.#open || this.label === null));
  }
}
