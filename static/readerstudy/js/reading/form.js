import { RealismScales } from "./realism.js";

/** The answer: a choice, a confidence where it is asked for, a comment, a mark; changed until it is submitted. */

/**
 * @typedef {object} Draft  an answer that is not complete yet
 * @property {string} [choice]      the key of the chosen answer
 * @property {number} [confidence]
 * @property {string} [comment]
 * @property {Mark | null} [mark]
 * @property {Record<string, number>} [attributes]  how real each looks, 1 to 5
 */

/**
 * @typedef {object} Mark  fractional voxel indices
 * @property {number} slice
 * @property {number} row
 * @property {number} column
 */

/** Events: "submit", once a case, with a whole answer; "change"; "mark" when it was set or removed; "close". */
export class AnswerForm extends EventTarget {
  #choices;
  #confidences;
  #comment;
  #submit;
  #announcer;
  #scales;
  #realism;
  #open = false;
  #rates = true;
  /** @type {HTMLButtonElement | null} */
  #choice = null;
  /** @type {HTMLButtonElement | null} */
  #confidence = null;
  /** @type {Mark | null} */
  #mark = null;

  /**
   * @param {HTMLElement} root  holds buttons with data-label or data-confidence, perhaps a textarea, one button of
   *   type submit, a live region
   */
  constructor(root) {
    super();
    this.#choices = [...root.querySelectorAll("button[data-label]")];
    this.#confidences = [...root.querySelectorAll("button[data-confidence]")];
    this.#comment = root.querySelector("textarea");
    this.#submit = root.querySelector("button[type=submit]");
    this.#announcer = root.querySelector("[data-announce]");
    this.#scales = new RealismScales(root);
    this.#realism = root.querySelector(".realism");
    this.#scales.addEventListener("change", () => this.#onScale());
    for (const button of this.#buttons) button.addEventListener("click", () => this.press(button.dataset.key));
    this.#comment?.addEventListener("input", () => this.dispatchEvent(new Event("change")));
    root.addEventListener("submit", (event) => {
      event.preventDefault();
      this.submit();
    });
    this.#show();
  }

  get #buttons() {
    return [...this.#choices, ...this.#confidences];
  }

  /** The keys that answer, as `KeyboardEvent.key` in lower case, with what each says. */
  get keys() {
    return new Map(this.#buttons.map((button) => [button.dataset.key, button.dataset.name]));
  }

  /** The key that begins to rate attributes; undefined where none is asked for. */
  get scaleKey() {
    return this.#scales.key;
  }

  rateNext() {
    if (this.#asksScales) this.#scales.focusNext();
  }

  /**
   * What to open the form with for an answer that the server has stored.
   *
   * @param {{label: string, rating: number | null, comment: string, mark: Mark | null, attributes: Record<string, number>}} stored
   * @returns {Draft}
   */
  draftFrom({ label, rating, ...said }) {
    const choice = this.#choices.find(
      ({ dataset }) => dataset.label === label && (dataset.rating === undefined || Number(dataset.rating) === rating),
    );
    return { ...said, choice: choice?.dataset.key, confidence: rating === null ? undefined : Math.abs(rating) };
  }

  get isOpen() {
    return this.#open;
  }

  /** @type {Mark | null} */
  get mark() {
    return this.#mark;
  }

  /** What is sent: the parts that this study asks for. */
  get answer() {
    const { label, rating } = this.#choice.dataset;
    return {
      label,
      ...(rating !== undefined && { rating: Number(rating) }),
      ...(this.#confidence && { confidence: Number(this.#confidence.dataset.confidence) }),
      ...(this.#comment?.value.trim() && { comment: this.#comment.value.trim() }),
      ...(this.#mark && { mark: this.#mark }),
      ...(this.#asksScales && { attributes: this.#scales.levels }),
    };
  }

  /** @type {Draft} */
  get draft() {
    return {
      choice: this.#choice?.dataset.key,
      confidence: this.#confidence && Number(this.#confidence.dataset.confidence),
      comment: this.#comment?.value,
      mark: this.#mark,
      attributes: this.#scales.levels,
    };
  }

  /**
   * Ready for a case.
   *
   * @param {Draft} [draft]  what an earlier visit to it left
   * @param {object} [asked]
   * @param {boolean} [asked.rates]  whether the tumour can be seen, so that its realism can be rated
   */
  open({ choice, confidence, comment = "", mark = null, attributes = {} } = {}, { rates = true } = {}) {
    this.#open = true;
    this.#rates = rates;
    this.#choice = this.#choices.find((button) => button.dataset.key === choice) ?? null;
    this.#confidence = this.#confidences.find((button) => Number(button.dataset.confidence) === confidence) ?? null;
    if (this.#comment) this.#comment.value = comment;
    this.#announcer.textContent = "";
    this.#mark = mark;
    this.#scales.fill(attributes);
    this.#show();
    this.dispatchEvent(new Event("mark"));
  }

  /** Nothing can be chosen or submitted: before the image is seen and after the answer is given. */
  close() {
    this.#open = false;
    this.#show();
    this.dispatchEvent(new Event("close"));
  }

  /**
   * Choose what this key stands for.
   *
   * @param {string} key
   */
  press(key) {
    const button = this.#buttons.find((one) => one.dataset.key === key);
    if (!this.#open || !button) return;
    if (this.#choices.includes(button)) this.#choice = button;
    else if (this.#asksConfidence) this.#confidence = button;
    if (!this.#asksConfidence) this.#confidence = null;
    this.#announcer.textContent = this.#inWords();
    this.#show();
    this.dispatchEvent(new Event("change"));
  }

  /** @param {string} key */
  focusOn(key) {
    this.#buttons.find((button) => button.dataset.key === key).focus();
  }

  /** @param {Mark | null} mark */
  setMark(mark) {
    this.#mark = mark;
    this.#show();
    this.dispatchEvent(new Event("mark"));
    this.dispatchEvent(new Event("change"));
  }

  submit() {
    if (!this.#open || !this.#isWhole) return;
    this.close();
    this.dispatchEvent(new Event("submit"));
  }

  get #asksConfidence() {
    return this.#confidences.length > 0 && this.#choice?.dataset.asksConfidence !== undefined;
  }

  get #asksScales() {
    return this.#rates && this.#scales.isAsked && this.#choice !== null && this.#choice.dataset.label !== "not-seen";
  }

  get #isWhole() {
    return (
      this.#choice !== null &&
      (!this.#asksConfidence || this.#confidence !== null) &&
      (!this.#asksScales || this.#scales.isWhole)
    );
  }

  #onScale() {
    this.#announcer.textContent = this.#inWords();
    this.#show();
    this.dispatchEvent(new Event("change"));
  }

  #inWords() {
    const chosen = this.#choice?.dataset.name;
    if (!chosen) return "Choose an answer first.";
    const sure = this.#confidence ? `, ${this.#confidence.dataset.name.toLowerCase()} sure` : " chosen";
    if (this.#asksConfidence && !this.#confidence) return `${chosen}${sure}. How sure are you?`;
    return `${chosen}${sure}. ${this.#isWhole ? "Enter submits." : "How real does each look?"}`;
  }

  #show() {
    const show = (button, pressed, disabled) => {
      button.setAttribute("aria-pressed", String(pressed));
      button.setAttribute("aria-disabled", String(disabled));
    };
    for (const button of this.#choices) show(button, button === this.#choice, !this.#open);
    for (const button of this.#confidences) {
      show(button, button === this.#confidence, !this.#open || !this.#asksConfidence);
    }
    if (this.#realism) this.#realism.hidden = !this.#rates;
    this.#scales.setOpen(this.#open && this.#asksScales);
    if (this.#comment) this.#comment.readOnly = !this.#open;
    this.#submit.setAttribute("aria-disabled", String(!this.#open || !this.#isWhole));
  }
}
