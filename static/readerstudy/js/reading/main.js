/** The reading room: shows the reader's next case, takes the answer, sees that it arrives, goes on. */
import { Viewer } from "../viewer/main.js";
import { VIEWER_VERSION } from "../viewer/version.js";
import { ANSWER_HELP, AnswerForm } from "./form.js";
import { listenToAnswerKeys } from "./keyboard.js";
import { newSubmissionId, Outbox } from "./outbox.js";
import { fetchState, postAnswer } from "./server.js";
import { ActiveClock } from "./timing.js";

const STATE_RETRY_MS = 3000;
const NOT_SENT = "Not sent yet. Your answer is kept on this computer and sent again.";
const NO_SERVER = "The server can’t be reached. Trying again.";

class ReadingRoom {
  #root;
  #viewer;
  #form;
  #outbox;
  #clock = new ActiveClock();
  /** @type {any} the case on the screen, as the server describes it */
  #case = null;

  /** @param {HTMLElement} root */
  constructor(root) {
    this.#root = root;
    this.#viewer = new Viewer(this.#part("viewer"), { help: { title: "Answer", entries: ANSWER_HELP } });
    this.#form = new AnswerForm(this.#part("answer"));
    this.#outbox = new Outbox({
      storage: localStorage,
      post: ({ url, answer }) => postAnswer(url, answer, csrfToken()),
      onOutcome: (entry, outcome) => this.#onOutcome(entry, outcome),
    });
    this.#viewer.addEventListener("painted", () => this.#onPainted());
    this.#viewer.addEventListener("refused", () => this.#onRefused());
    this.#form.addEventListener("submit", () => this.#submit());
    this.#connectControls();
    this.#watchActivity();
  }

  /** What an earlier visit left unsent goes first: the server's answer depends on it. */
  async start() {
    if (this.#outbox.size > 0) await this.#outbox.send();
    if (this.#case === null) await this.#askState();
  }

  async #askState() {
    const shown = this.#case;
    const { state, refused, message } = await fetchState(this.#root.dataset.stateUrl);
    if (this.#case !== shown) return; // an answer that waited has arrived meanwhile and brought the state
    if (refused) return this.#stop(message);
    if (state) return this.#enter(state);
    this.#notify(NO_SERVER, "warning");
    setTimeout(() => this.#askState(), STATE_RETRY_MS);
  }

  /** @param {any} state  as the server describes it */
  #enter(state) {
    if (state.done && state.message) {
      this.#stop(state.message);
      return;
    }
    if (state.done) {
      location.replace(this.#root.dataset.finishedUrl);
      return;
    }
    this.#case = state.case;
    this.#stoppedDialog().close(); // a session opened anew in another window lets this one go on
    this.#form.clear();
    this.#notify("");
    this.#showProgress(state.progress);
    this.#write("question", state.case.question);
    this.#viewer.show(state.case, state.next);
  }

  #onPainted() {
    this.#clock.start(performance.now());
    if (this.#outbox.isWaitingFor(this.#case.answer_url)) this.#notify(NOT_SENT, "warning");
    else this.#form.open();
  }

  #submit() {
    this.#notify("Sending");
    this.#outbox.add({
      url: this.#case.answer_url,
      answer: {
        submission: newSubmissionId(),
        label: this.#form.label,
        active_ms: this.#clock.read(performance.now()),
        viewer_version: VIEWER_VERSION,
      },
    });
  }

  /**
   * @param {import("./outbox.js").Entry} entry
   * @param {import("./server.js").Outcome} outcome
   */
  #onOutcome(entry, outcome) {
    if (outcome.kind === "refused-for-good") this.#part("set-aside").hidden = false;
    const ofThisCase = this.#case === null || entry.url === this.#case.answer_url;
    if (!ofThisCase) return;
    if (outcome.state) this.#enter(outcome.state);
    if (outcome.kind === "already-answered") this.#notify(outcome.message, "warning");
    if (outcome.kind === "not-sent") this.#notify(NOT_SENT, "warning");
    if (outcome.kind === "refused" && this.#case) this.#stop(outcome.message);
    if (outcome.kind === "refused-for-good" && this.#case) this.#askState();
  }

  /** The server gives no more slices: it is asked why. */
  async #onRefused() {
    const { message } = await fetchState(this.#root.dataset.stateUrl);
    this.#stop(message);
  }

  /**
   * Reading can't go on in this page.
   *
   * @param {string} [message]  in the server's words
   */
  #stop(message) {
    this.#form.close();
    this.#notify("");
    if (message) this.#write("stopped-message", message);
    this.#part("kept-answer").hidden = this.#outbox.size === 0;
    if (!this.#stoppedDialog().open) this.#stoppedDialog().showModal();
  }

  #stoppedDialog() {
    return /** @type {HTMLDialogElement} */ (this.#part("stopped"));
  }

  /** @param {{position: number, total: number, practice: boolean}} progress */
  #showProgress({ position, total, practice }) {
    this.#write("progress", `${practice ? "Practice" : "Case"} ${position} / ${total}`);
    const bar = /** @type {HTMLProgressElement} */ (this.#part("progress-bar"));
    bar.max = total;
    bar.value = position - 1;
    this.#part("practice").hidden = !practice;
  }

  #connectControls() {
    this.#stoppedDialog().addEventListener("cancel", (event) => event.preventDefault());
    listenToAnswerKeys(this.#form);
    // A click leaves the focus where it was, so that space and Enter go on meaning what they mean.
    this.#root.addEventListener("mousedown", (event) => {
      if (/** @type {Element} */ (event.target).closest("button:not(dialog *)")) event.preventDefault();
    });
  }

  #watchActivity() {
    for (const type of ["pointermove", "pointerdown", "wheel", "keydown"]) {
      window.addEventListener(type, () => this.#clock.activity(performance.now()), { passive: true });
    }
    document.addEventListener("visibilitychange", () =>
      this.#clock.setVisible(document.visibilityState === "visible", performance.now()),
    );
  }

  /**
   * @param {string} text
   * @param {"" | "warning"} tone
   */
  #notify(text, tone = "") {
    const notice = this.#part("notice");
    notice.textContent = text;
    notice.dataset.tone = tone;
  }

  /** @param {string} name */
  #part(name) {
    return /** @type {HTMLElement} */ (this.#root.querySelector(`[data-part=${name}]`));
  }

  /**
   * @param {string} name
   * @param {string} text
   */
  #write(name, text) {
    this.#part(name).textContent = text;
  }
}

function csrfToken() {
  return /** @type {HTMLMetaElement} */ (document.querySelector("meta[name=csrf-token]")).content;
}

new ReadingRoom(document.querySelector("[data-state-url]")).start();
