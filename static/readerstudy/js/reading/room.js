/** The reading room: shows the reader's next case, takes the answer, sees that it arrives, goes on. */
import { addControls } from "../viewer/controls.js";
import { VIEWER_VERSION } from "../viewer/version.js";
import { pauseWith, reportWith } from "./dialogs.js";
import { draftOf, dropDraft, keepDraft } from "./draft.js";
import { EarlierCases } from "./earlier.js";
import { Feedback } from "./feedback.js";
import { AnswerForm } from "./form.js";
import { listenInText, listenToPageKeys } from "./keyboard.js";
import { MarkControl } from "./mark.js";
import { newSubmissionId, Outbox, whenSentElsewhere } from "./outbox.js";
import { fetchState, keepPreferences, postAnswer } from "./server.js";
import { ActiveClock, watchSitting } from "./timing.js";

const STATE_RETRY_MS = 3000;
const NOT_SENT = "Not sent yet. Your answer is kept on this computer and sent again.";
const NO_SERVER = "The server can’t be reached. Trying again.";
const ELSEWHERE = "The case before was answered in another window.";
const NO_IMAGES = "The server has no images of this case. Load the page again; if that does not help, tell the study’s organiser.";
const REPORTED = "Your report has arrived. Thank you.";
const REPORT_NOT_SENT = "Your report is kept on this computer and sent again.";

export class ReadingRoom {
  #root;
  #form;
  #viewer;
  #outbox;
  #clock = new ActiveClock();
  /** @type {any} the case on the screen, as the server describes it */
  #case = null;
  /** @type {any} where the reader is, as the server last said */
  #state = null;
  /** @type {any} the stored answer of the earlier case on the screen; null: the case is the next to answer */
  #revisited = null;
  #feedback;
  #earlier;

  /**
   * @param {HTMLElement} root
   * @param {import("../viewer/main.js").Viewer} viewer  may show the first case already
   */
  constructor(root, viewer) {
    this.#root = root;
    this.#viewer = viewer;
    this.#form = new AnswerForm(this.#part("answer"));
    addControls(this.#part("viewer"), viewer, this.#help());
    this.#feedback = new Feedback(this.#part("feedback"));
    this.#earlier = new EarlierCases(this.#part("earlier"), this.#dialog("end"), {
      revisit: (url) => this.#revisit(url),
      goBack: () => this.#enter(this.#state),
    });
    this.#outbox = new Outbox({
      storage: localStorage,
      post: ({ url, answer }) => postAnswer(url, answer, csrfToken()),
      onOutcome: (entry, outcome) => this.#onOutcome(entry, outcome),
    });
    this.#viewer.addEventListener("painted", () => this.#onPainted());
    this.#viewer.addEventListener("refused", () => this.#onRefused());
    this.#viewer.addEventListener("connection", ({ detail }) => detail.lost || this.#outbox.send());
    keepPreferences(this.#viewer, (preferences) =>
      postAnswer(this.#root.dataset.preferencesUrl, preferences, csrfToken()),
    );
    this.#form.addEventListener("submit", () => this.#submit());
    this.#form.addEventListener("change", () => this.#keepDraft());
    this.#connectControls();
    this.#watchActivity();
    whenSentElsewhere(() => this.#catchUp());
  }

  /**
   * What an earlier visit left unsent goes first: where the reader is depends on it.
   *
   * @param {any} state  as the server wrote it into the page; another window may have gone on since
   */
  async start(state) {
    if (this.#outbox.size === 0) {
      this.#enter(state);
      return this.#catchUp();
    }
    await this.#outbox.send();
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

  /** Another window, or an earlier life of this page, may have gone on: the server knows where the reader is. */
  async #catchUp() {
    const shown = this.#case;
    if (shown === null || this.#isGoingOn) return;
    const { state, refused, message } = await fetchState(this.#root.dataset.stateUrl);
    if (this.#case !== shown || this.#isGoingOn) return;
    if (refused) this.#stop(message);
    if (!state || state.case?.token === this.#state.case?.token) return;
    this.#enter(state);
    if (!state.done) this.#notify(ELSEWHERE, "warning");
  }

  /** The answer is on its way, or what is told of it is being read: then this page itself goes on. */
  get #isGoingOn() {
    return this.#feedback.isShown || this.#outbox.isWaitingFor(this.#case.answer_url);
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
    this.#state = state;
    this.#dialog("stopped").close(); // a session opened anew in another window lets this one go on
    this.#showProgress(state.progress);
    this.#show(state.case ?? null, state.next, null);
  }

  /**
   * @param {any} shown  the case; null where every case of the sitting is answered
   * @param {any} next  to fetch ahead
   * @param {any} revisited  the stored answer of an earlier case
   */
  #show(shown, next, revisited) {
    this.#case = shown;
    this.#revisited = revisited;
    this.#feedback.hide();
    this.#form.close();
    this.#notify("");
    this.#write("submit-text", revisited ? "Save change" : "Submit");
    this.#earlier.show({
      cases: this.#state.earlier ?? [],
      token: shown?.token,
      returnTo: this.#state.case ? this.#state.progress.position : null,
      allAnswered: !this.#state.case,
      isBack: revisited !== null,
    });
    this.#part("answer").hidden = shown === null;
    this.#write("question", shown?.question ?? "");
    if (revisited) this.#write("progress", `Case ${numberOf(this.#state.earlier, shown)}, answered`);
    if (shown) this.#viewer.show(shown, next);
  }

  /**
   * Show an earlier case of the sitting with its stored answer; the case that the reader leaves stays loaded.
   *
   * @param {string} url
   */
  async #revisit(url) {
    this.#keepDraft();
    const before = this.#case;
    const { state: earlier, refused } = await fetchState(url);
    if (this.#case !== before) return;
    if (refused) return this.#onRefused();
    if (!earlier) return this.#notify(NO_SERVER, "warning");
    this.#show(earlier.case, this.#state.case ?? null, earlier.answer);
  }

  #onPainted() {
    if (this.#case === null) return;
    const draft = this.#revisited ? null : draftOf(this.#case.token);
    this.#clock.start(performance.now(), draft?.activeMs);
    const answer = this.#revisited ? this.#form.draftFrom(this.#revisited) : draft?.answer;
    this.#form.open(answer, { rates: this.#case.rates_realism });
    if (!this.#outbox.isWaitingFor(this.#case.answer_url)) return;
    this.#form.close();
    this.#notify(NOT_SENT, "warning");
  }

  #submit() {
    this.#notify("Sending");
    if (!this.#revisited) dropDraft();
    this.#outbox.add({
      url: this.#case.answer_url,
      answer: {
        submission: newSubmissionId(),
        ...this.#form.answer,
        ...(this.#revisited && { revises: this.#revisited.revision }),
        active_ms: this.#clock.read(performance.now()),
        viewer_version: VIEWER_VERSION,
      },
    });
  }

  #keepDraft() {
    if (!this.#form.isOpen || this.#revisited) return;
    const activeMs = this.#clock.read(performance.now());
    keepDraft({ token: this.#case.token, activeMs, answer: this.#form.draft });
  }

  /** @param {string} text */
  #report(text) {
    if (this.#case === null) return;
    this.#notify(REPORT_NOT_SENT, "warning");
    this.#outbox.add({ url: this.#case.problem_url, answer: { submission: newSubmissionId(), text } });
  }

  /**
   * @param {import("./outbox.js").Entry} entry
   * @param {import("./server.js").Outcome} outcome
   */
  #onOutcome(entry, outcome) {
    if (outcome.kind === "refused-for-good") this.#part("set-aside").hidden = false;
    if (entry.url === this.#case?.problem_url && outcome.kind === "stored") this.#notify(REPORTED);
    const ofThisCase = this.#case === null || entry.url === this.#case.answer_url;
    if (!ofThisCase) return;
    if (outcome.kind === "stored") this.#notify("");
    if (outcome.feedback) this.#feedback.show(outcome.feedback, () => this.#enter(outcome.state));
    else if (outcome.state) this.#enter(outcome.state);
    if (outcome.kind === "already-answered") this.#notify(outcome.message, "warning");
    if (outcome.kind === "not-sent") this.#notify(NOT_SENT, "warning");
    if (outcome.kind === "refused" && this.#case) this.#stop(outcome.message);
    if (outcome.kind === "refused-for-good" && this.#case) this.#askState();
  }

  /** The server gives no more slices: it is asked why. */
  async #onRefused() {
    const shown = this.#case;
    if (this.#feedback.isShown) return; // going on leaves this case
    const { state, refused, message } = await fetchState(this.#root.dataset.stateUrl);
    if (this.#case !== shown) return;
    if (refused) return this.#stop(message);
    if (!state) return setTimeout(() => this.#onRefused(), STATE_RETRY_MS);
    if (state.case?.token === shown.token) return this.#stop(NO_IMAGES);
    this.#enter(state);
    if (!state.done) this.#notify(ELSEWHERE, "warning");
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
    this.#part("all-stored").hidden = this.#outbox.size > 0;
    if (!this.#dialog("stopped").open) this.#dialog("stopped").showModal();
  }

  /** @param {{position: number, total: number, practice: boolean, minutes_left: number | null}} progress */
  #showProgress({ position, total, practice, minutes_left: minutes }) {
    const left = minutes ? `, about ${minutes} min left` : "";
    this.#write("progress", `${practice ? "Practice" : "Case"} ${position} / ${total}${left}`);
    Object.assign(this.#part("progress-bar"), { max: total, value: position - 1 });
    this.#part("practice").hidden = !practice;
  }

  #connectControls() {
    const pause = pauseWith(this.#dialog("paused"), (paused) => {
      this.#clock.setPaused(paused, performance.now());
      this.#viewer.stopCine();
    });
    const report = reportWith(this.#dialog("problem"), (text) => this.#report(text));
    this.#part("pause").addEventListener("click", pause);
    this.#part("report").addEventListener("click", report);
    const keys = new Map([[this.#part("pause").dataset.key, pause]]);
    const mark = this.#part("mark") && new MarkControl(this.#part("mark"), this.#viewer, this.#form);
    if (mark) keys.set(mark.key, () => mark.toggle());
    if (this.#form.scaleKey) keys.set(this.#form.scaleKey, () => this.#form.rateNext());
    const enter = () => (this.#feedback.isShown ? this.#feedback.pressEnter() : this.#form.submit());
    listenToPageKeys(this.#form, keys, mark, enter);
    listenInText(this.#part("comment"), () => this.#form.submit());
    this.#dialog("stopped").addEventListener("cancel", (event) => event.preventDefault());
    // A click leaves the focus where it was, so that space and Enter go on meaning what they mean.
    this.#root.addEventListener("mousedown", (event) => {
      if (/** @type {Element} */ (event.target).closest("button:not(dialog *), summary")) event.preventDefault();
    });
  }

  /** What the page adds to the viewer's help. */
  #help() {
    const answers = [...this.#form.keys].map(([key, name]) => ({ shown: key.toUpperCase(), does: name.toLowerCase() }));
    const buttons = [...this.#root.querySelectorAll("button[data-does]")].map((button) => ({
      shown: button.dataset.key.toUpperCase(),
      does: button.dataset.does,
    }));
    const submit = { shown: "Enter", does: "submit the answer; from a comment with Ctrl" };
    return { title: "Answer", entries: [...answers, submit, ...buttons] };
  }

  #watchActivity() {
    const stillSitting = watchSitting(() => {
      this.#keepDraft();
      location.reload();
    });
    const active = () => {
      this.#clock.activity(performance.now());
      stillSitting();
    };
    for (const type of ["pointermove", "pointerdown", "wheel", "keydown"]) {
      window.addEventListener(type, active, { passive: true });
    }
    const seen = () => {
      const visible = document.visibilityState === "visible";
      this.#clock.setVisible(visible, performance.now());
      if (visible) this.#catchUp();
      else this.#keepDraft();
    };
    document.addEventListener("visibilitychange", seen);
    document.addEventListener("resume", seen);
    document.addEventListener("freeze", () => this.#clock.setVisible(false, performance.now()));
    window.addEventListener("pagehide", () => this.#keepDraft());
    window.addEventListener("pageshow", ({ persisted }) => persisted && seen());
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

  /** @param {string} name */
  #dialog(name) {
    return /** @type {HTMLDialogElement} */ (this.#part(name));
  }

  /**
   * @param {string} name
   * @param {string} text
   */
  #write(name, text) {
    this.#part(name).textContent = text;
  }
}

/**
 * @param {{number: number, token: string}[]} earlier
 * @param {{token: string}} shown
 */
function numberOf(earlier, shown) {
  return earlier.find(({ token }) => token === shown.token)?.number;
}

function csrfToken() {
  return /** @type {HTMLMetaElement} */ (document.querySelector("meta[name=csrf-token]")).content;
}
