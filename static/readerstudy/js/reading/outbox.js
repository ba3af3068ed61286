/**
 * Answers on their way to the server. Each is kept in the browser's storage until the server has it, so that
 * neither a lost connection nor a closed page loses one. Kept are the case's token, the label, the times:
 * nothing about the patient, the reader or the truth.
 */

const KEY = "readerstudy.outbox.";
const FIRST_RETRY_MS = 1000;
const LONGEST_RETRY_MS = 30_000;

/**
 * @typedef {object} Entry
 * @property {string} url     where the answer goes; names the case by its token
 * @property {object} answer  what is sent; `submission` makes a second arrival harmless
 */

/** Random version 4 UUID. `crypto.randomUUID` is missing on plain http. */
export function newSubmissionId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  bytes[6] = (bytes[6] & 0x0f) | 0x40;
  bytes[8] = (bytes[8] & 0x3f) | 0x80;
  const hex = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  return hex.replace(/^(.{8})(.{4})(.{4})(.{4})/, "$1-$2-$3-$4-");
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
      const entry = JSON.parse(storage.getItem(key));
      this.#entries.set(entry.answer.submission, entry);
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
    try {
      this.#storage.setItem(KEY + submission, JSON.stringify(entry));
    } catch {
      // A full disk or a browser that keeps nothing: the answer is still sent, and tried again, from memory.
    }
    return this.send();
  }

  /** Send what waits, each once; what does not arrive is tried again later. */
  async send() {
    if (this.#sending) return;
    this.#sending = true;
    clearTimeout(this.#timer);
    for (const [submission, entry] of [...this.#entries]) {
      const outcome = await this.#post(entry);
      if (outcome.kind === "stored" || outcome.kind === "already-answered") {
        this.#entries.delete(submission);
        this.#storage.removeItem(KEY + submission);
        this.#failures = 0;
      } else {
        this.#failures += 1;
      }
      this.#onOutcome(entry, outcome);
    }
    this.#sending = false;
    if (this.#entries.size > 0) {
      const delay = Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (this.#failures - 1));
      this.#timer = setTimeout(() => this.send(), delay);
    }
  }
}
