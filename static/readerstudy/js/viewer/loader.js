/**
 * Fetches slices through two workers: of the shown case nearest-first from the slice the reader looks at, then
 * of the next case. Few requests are under way at a time, so that a slice scrolled to never waits behind many.
 */
import { fetchSlice } from "./codec.js";

const WORKERS = 2;
const MAX_IN_FLIGHT = 3;
const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;
const PROBE_MS = 1000; // while the server can't be reached, one request asks for it so often
const REFUSED = [401, 403]; // no session, or nothing more for this reader
const GONE = 404; // nothing of this case
const NO_WORKER = -1; // fetched by the page itself: the very first slice, and others while no worker can be had
const ALONE_MS = 250; // so long it has the processor to itself, unless it has come before

/** @typedef {import("./loading_case.js").LoadingCase} LoadingCase */

/**
 * Events: "slice" ({loading, slice}) when one has arrived or failed; "connection" ({lost}) when the server can't be
 * reached any more, and when it can again; "refused", once, when it gives no more of what is shown.
 */
export class SliceLoader extends EventTarget {
  /** @type {(Worker | null)[]} null: it could not be started */
  #workers = [];
  /** @type {Map<number, {loading: LoadingCase, slice: number, worker: number}>} */
  #inFlight = new Map();
  #lastId = 0;
  /** @type {LoadingCase[]} in order of urgency */
  #cases = [];
  #lost = false;
  #probeAt = 0; // while the server can't be reached: when it is asked again
  #opened = false; // to requests beside the very first

  constructor() {
    super();
    window.addEventListener("online", () => {
      this.#probeAt = 0;
      this.#retryAll();
    });
  }

  /** @param {LoadingCase[]} cases  the shown one first; what is not named is let go */
  load(cases) {
    this.#cases = cases;
    for (const loading of cases) loading.refused = false;
    this.#request();
    if (!this.#opened) setTimeout(() => this.#open(), ALONE_MS);
  }

  /** Begin with the workers, once: they would only take the processor from the very first slice. */
  #open() {
    if (this.#opened) return;
    this.#opened = true;
    for (let worker = 0; worker < WORKERS; worker++) this.#start(worker);
    this.#request();
  }

  /** @param {number} worker */
  #start(worker) {
    const started = new Worker(new URL("./slice_worker.js", import.meta.url), { type: "module" });
    started.addEventListener("message", ({ data }) => this.#receive(data));
    started.addEventListener("error", () => this.#lose(worker)); // its scripts could not be had
    this.#workers[worker] = started;
  }

  /** @param {number} worker  is started anew later; what was asked of it goes another way */
  #lose(worker) {
    this.#workers[worker] = null;
    setTimeout(() => this.#start(worker), PROBE_MS);
    for (const [id, { loading, slice, worker: asked }] of this.#inFlight) {
      if (asked !== worker) continue;
      this.#inFlight.delete(id);
      loading.release(slice);
    }
    this.#request();
  }

  /**
   * @param {LoadingCase} loading
   * @param {number} slice  where the reader now looks
   */
  moveTo(loading, slice) {
    if (loading.center === slice) return;
    loading.center = slice;
    this.#request();
  }

  #request() {
    if (this.#lost && performance.now() < this.#probeAt) return;
    while (this.#inFlight.size < (this.#lost || !this.#opened ? 1 : MAX_IN_FLIGHT)) {
      const loading = this.#cases.find((candidate) => candidate.nextSlice() !== null);
      if (!loading) return;
      this.#send(loading, /** @type {number} */ (loading.nextSlice()));
    }
  }

  /**
   * @param {LoadingCase} loading
   * @param {number} slice
   */
  #send(loading, slice) {
    const id = ++this.#lastId;
    const url = loading.request(slice);
    const { pixelCount } = loading.volume;
    const worker = this.#leastBusy();
    this.#inFlight.set(id, { loading, slice, worker });
    if (worker !== NO_WORKER) this.#workers[worker].postMessage({ id, url, pixelCount });
    else fetchSlice(url, pixelCount).then((fetched) => this.#receive({ id, ...fetched }));
  }

  #leastBusy() {
    const jobs = this.#workers.map((worker) => (worker ? 0 : Infinity));
    for (const { worker } of this.#inFlight.values()) if (worker !== NO_WORKER) jobs[worker] += 1;
    const least = Math.min(...jobs);
    return least === Infinity ? NO_WORKER : jobs.indexOf(least);
  }

  /** @param {{id: number, pixels?: Int16Array, failure?: number | "unreachable" | "damaged"}} answer */
  #receive({ id, pixels, failure }) {
    const { loading, slice } = this.#inFlight.get(id);
    this.#inFlight.delete(id);
    if (pixels) loading.receive(slice, pixels);
    else if (failure === GONE || REFUSED.includes(/** @type {number} */ (failure))) this.#giveUp(loading, slice, failure);
    else this.#postpone(loading, slice, failure);
    this.#noteConnection(failure !== "unreachable");
    this.dispatchEvent(new CustomEvent("slice", { detail: { loading, slice } }));
    if (this.#opened) this.#request();
    else requestAnimationFrame(() => setTimeout(() => this.#open())); // after it is painted
  }

  /**
   * Ask no more: of a case to come, until it is shown; else of all.
   *
   * @param {LoadingCase} loading
   * @param {number} slice
   * @param {number} status
   */
  #giveUp(loading, slice, status) {
    loading.release(slice);
    if (!this.#cases.includes(loading)) return;
    const ahead = status === GONE && loading !== this.#cases[0];
    const refused = ahead ? [loading] : this.#cases;
    for (const one of refused) one.refused = true;
    this.#cases = this.#cases.filter((one) => !refused.includes(one));
    if (!ahead) this.dispatchEvent(new Event("refused"));
  }

  /**
   * @param {LoadingCase} loading
   * @param {number} slice
   * @param {number | "unreachable" | "damaged"} failure
   */
  #postpone(loading, slice, failure) {
    const failures = loading.fail(slice);
    const unreachable = failure === "unreachable";
    if (unreachable) this.#probeAt = performance.now() + PROBE_MS;
    setTimeout(
      () => {
        loading.allowAgain(slice);
        this.#request();
      },
      unreachable ? PROBE_MS : retryDelayMs(failures),
    );
  }

  /** @param {boolean} reached */
  #noteConnection(reached) {
    if (reached !== this.#lost) return;
    this.#lost = !reached;
    if (reached) this.#retryAll();
    this.dispatchEvent(new CustomEvent("connection", { detail: { lost: this.#lost } }));
  }

  #retryAll() {
    for (const loading of this.#cases) loading.allowAgain();
    this.#request();
  }
}

/**
 * @param {number} failures  how often it has failed, at least once
 * @returns {number} milliseconds: doubling, up to a bound
 */
function retryDelayMs(failures) {
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1));
}
