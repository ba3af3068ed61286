/**
 * Fetches slices through two workers: of the shown case nearest-first from the slice the reader looks at, then
 * of the next case. Few requests are under way at a time, so that a slice scrolled to never waits behind many.
 */
import { nearestWanted, retryDelayMs } from "./prefetch.js";
import { Volume } from "./volume.js";

const WORKERS = 2;
const MAX_IN_FLIGHT = 3;
const REFUSED = [401, 403];

const MISSING = 0;
const REQUESTED = 1;
const FAILED = 2; // waits before it is missing again

/**
 * @typedef {object} CaseItem  a case as the server describes it
 * @property {string} token
 * @property {[number, number, number]} shape       slices, rows, columns
 * @property {[number, number, number]} spacing_mm
 * @property {number | null} cue_slice              null: the study gives no cue
 * @property {string} slice_url                     with {n} for the slice
 */

/**
 * @param {CaseItem} item
 * @returns {number} where a case opens: at its cue, without one in the middle
 */
export function firstSlice(item) {
  return item.cue_slice ?? Math.floor(item.shape[0] / 2);
}

/** One case's volume on its way into memory. */
export class LoadingCase {
  /** @param {CaseItem} item */
  constructor(item) {
    this.token = item.token;
    this.volume = new Volume(item.shape, item.spacing_mm);
    this.center = firstSlice(item);
    this.sliceUrl = item.slice_url;
    this.states = new Uint8Array(this.volume.slices);
    /** @type {Map<number, number>} slice -> failures so far */
    this.failures = new Map();
  }

  /** @returns {number | null} */
  nextSlice() {
    return nearestWanted(
      this.center,
      this.volume.slices,
      (slice) => this.states[slice] === MISSING && !this.volume.has(slice),
    );
  }
}

/**
 * Events: "slice" ({loading, slice}) when one has arrived or failed; "refused" when the server gives this
 * reader no more.
 */
export class SliceLoader extends EventTarget {
  /** @type {Worker[]} */
  #workers = [];
  /** @type {Map<number, {loading: LoadingCase, slice: number, worker: number}>} */
  #inFlight = new Map();
  #lastId = 0;
  /** @type {LoadingCase[]} in order of urgency */
  #cases = [];

  constructor() {
    super();
    for (let worker = 0; worker < WORKERS; worker++) {
      this.#workers.push(new Worker(new URL("./slice_worker.js", import.meta.url), { type: "module" }));
      this.#workers[worker].addEventListener("message", ({ data }) => this.#receive(data));
    }
    window.addEventListener("online", () => this.#retryNow());
  }

  /** @param {LoadingCase[]} cases  the shown one first; what is not named is let go */
  load(cases) {
    this.#cases = cases;
    this.#request();
  }

  /**
   * @param {LoadingCase} loading
   * @param {number} slice  where the reader now looks
   */
  moveTo(loading, slice) {
    loading.center = slice;
    this.#request();
  }

  #request() {
    while (this.#inFlight.size < MAX_IN_FLIGHT) {
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
    const worker = this.#leastBusy();
    loading.states[slice] = REQUESTED;
    this.#inFlight.set(id, { loading, slice, worker });
    const url = new URL(loading.sliceUrl.replace("{n}", String(slice)), location.href).href;
    this.#workers[worker].postMessage({ id, url, pixelCount: loading.volume.pixelCount });
  }

  #leastBusy() {
    const jobs = this.#workers.map(() => 0);
    for (const { worker } of this.#inFlight.values()) jobs[worker] += 1;
    return jobs.indexOf(Math.min(...jobs));
  }

  /** @param {{id: number, pixels?: Int16Array, status?: number}} answer */
  #receive({ id, pixels, status }) {
    const { loading, slice } = this.#inFlight.get(id);
    this.#inFlight.delete(id);
    if (pixels) {
      loading.volume.put(slice, pixels);
      loading.failures.delete(slice);
    } else if (REFUSED.includes(status)) {
      this.#cases = [];
      this.dispatchEvent(new Event("refused"));
    } else {
      this.#postpone(loading, slice);
    }
    this.dispatchEvent(new CustomEvent("slice", { detail: { loading, slice } }));
    this.#request();
  }

  /**
   * @param {LoadingCase} loading
   * @param {number} slice
   */
  #postpone(loading, slice) {
    const failures = (loading.failures.get(slice) ?? 0) + 1;
    loading.failures.set(slice, failures);
    loading.states[slice] = FAILED;
    setTimeout(() => {
      if (loading.states[slice] === FAILED) loading.states[slice] = MISSING;
      this.#request();
    }, retryDelayMs(failures));
  }

  #retryNow() {
    for (const { states } of this.#cases) {
      states.forEach((state, slice) => {
        if (state === FAILED) states[slice] = MISSING;
      });
    }
    this.#request();
  }
}
