/**
 * Answers, and reports of problems, on their way to the server. Each is kept in the browser's storage until the server has it, so that
 * neither a lost connection nor a closed page loses one. An answer that the server refuses for good is set aside
 * under another key and not sent again. Kept are the case's token, what the reader said, the time: nothing about the
 * patient or the truth.
 */

const KEY = "readerstudy.outbox.";
const SET_ASIDE_KEY = "readerstudy.set-aside.";
const FOR_GOOD = ["stored", "already-answered", "refused-for-good"];
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30_000;

/**
 * @typedef {object} Entry
 * @property {string} url     where it goes; names the case by its token
 * @property {object} answer  what is sent, an answer or a report; `submission` makes a second arrival harmless
 */

/**
 * @param {() => void} act  when another window of this browser has sent what it kept
 */
export function whenSentElsewhere(act) {
  window.addEventListener("storage", ({ key, newValue }) => {
    if (key?.startsWith(KEY) && newValue === null) act();
  });
}

/** Random version 4 UUID. `crypto.randomUUID` is missing on plain http. */
export function newSubmissionId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
}

/**
 * @param {Storage} storage
 * @param {string} key
 * @returns {Entry | null} null when what is kept there is damaged
 */
function readEntry(storage, key) {
  try {
    const entry = JSON.parse(storage.getItem(key));
    return typeof entry.url === "string" && key === KEY + entry.answer.submission ? entry : null;
  } catch {
    return null;
  }
}

export class Outbox {
  #storage;
  #post;
  #onOutcome;
  /** @type {Map<string, Entry>} submission -> entry, oldest first */
  #entries = new Map();
  #sending = false;
  #failures = 0;
  #timer = 0;

  /**
   * @param {object} options
   * @param {Storage} options.storage
   * @param {(entry: Entry) => Promise<import("./server.js").Outcome>} options.post
   * @param {(entry: Entry, outcome: import("./server.js").Outcome) => void} options.onOutcome
   */
  constructor({ storage, post, onOutcome }) {
    this.#storage = storage;
    this.#post = post;
    this.#onOutcome = onOutcome;
    for (const key of Object.keys(storage).filter((name) => name.startsWith(KEY))) {
      const entry = readEntry(storage, key);
      if (entry) this.#entries.set(entry.answer.submission, entry);
      else storage.removeItem(key);
    }
    window.addEventListener("online", () => this.send());
  }

  get size() {
    return this.#entries.size;
  }

  /** @param {string} url */
  isWaitingFor(url) {
    return [...this.#entries.values()].some((entry) => entry.url === url);
  }

  /** @param {Entry} entry */
  add(entry) {
    const { submission } = entry.answer;
    this.#entries.set(submission, entry);
    this.#keep(KEY + submission, entry);
    return this.send();
  }

  /** Send what waits, each once; what does not arrive is tried again later. */
  async send() {
    if (this.#sending) return;
    this.#sending = true;
    clearTimeout(this.#timer);
    try {
      for (const entry of [...this.#entries.values()]) {
        const outcome = await this.#post(entry);
        this.#settle(entry, outcome);
        this.#onOutcome(entry, outcome);
      }
    } finally {
      this.#sending = false;
      if (this.#entries.size > 0) this.#sendLater();
    }
  }

  /**
   * @param {Entry} entry
   * @param {import("./server.js").Outcome} outcome
   */
  #settle(entry, { kind }) {
    if (!FOR_GOOD.includes(kind)) {
      this.#failures += 1;
      return;
    }
    const { submission } = entry.answer;
    this.#failures = 0;
    this.#entries.delete(submission);
    this.#storage.removeItem(KEY + submission);
    if (kind === "refused-for-good") this.#keep(SET_ASIDE_KEY + submission, entry);
  }

  #sendLater() {
    const delay = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
    this.#timer = setTimeout(() => this.send(), delay);
  }

  /**
   * @param {string} key
   * @param {Entry} entry
   */
  #keep(key, entry) {
    try {
      this.#storage.setItem(key, JSON.stringify(entry));
    } catch {
      // A full disk or a browser that keeps nothing: what waits is still sent, and tried again, from memory.
    }
  }
}
