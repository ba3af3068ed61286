/** Going back within a sitting, where the study allows it: the answered cases by number, the way back, the end. */

export class EarlierCases {
  #root;

  /**
   * @param {HTMLElement | null} root  null where the study lets nobody go back
   * @param {HTMLDialogElement | null} end  asks before the sitting is ended
   * @param {{revisit: (url: string) => void, goBack: () => void}} acts
   */
  constructor(root, end, { revisit, goBack }) {
    this.#root = root;
    root?.querySelector("[data-numbers]").addEventListener("click", ({ target }) => {
      const { url } = /** @type {HTMLElement} */ (target).dataset;
      if (url) revisit(url);
    });
    root?.querySelector("[data-return]").addEventListener("click", goBack);
    root?.querySelector("[data-end]").addEventListener("click", () => end?.showModal());
    end?.querySelector("[data-cancel]").addEventListener("click", () => end.close());
  }

  /**
   * @param {object} shown
   * @param {{number: number, token: string, url: string}[]} shown.cases  that can be gone back to
   * @param {string | undefined} shown.token  of the case on the screen
   * @param {number | null} shown.returnTo  number of the case that the reader left to go back; null: none was
   * @param {boolean} shown.allAnswered
   * @param {boolean} shown.isBack  an earlier case is on the screen
   */
  show({ cases, token, returnTo, allAnswered, isBack }) {
    if (!this.#root) return;
    const buttons = cases.map((one) => numberButton(one, one.token === token));
    this.#root.querySelector("[data-numbers]").replaceChildren(...buttons);
    this.#root.hidden = cases.length === 0;
    const back = /** @type {HTMLElement} */ (this.#root.querySelector("[data-return]"));
    back.hidden = !isBack || returnTo === null;
    back.textContent = `Back to case ${returnTo}`;
    /** @type {HTMLElement} */ (this.#root.querySelector("[data-all-answered]")).hidden = !allAnswered;
    if (allAnswered) this.#root.querySelector("details").open = true;
  }
}

/**
 * @param {{number: number, url: string}} one
 * @param {boolean} shown
 */
function numberButton({ number, url }, shown) {
  const button = document.createElement("button");
  button.type = "button";
  button.className = "level";
  button.dataset.url = url;
  button.textContent = String(number);
  button.setAttribute("aria-label", `Case ${number}`);
  button.setAttribute("aria-pressed", String(shown));
  return button;
}
