/** Fetches one slice and un-filters it: the first of a page by itself, all others in workers. */
import { unfilterSlice } from "./codec.js";

const TIMEOUT_MS = 20_000;

/**
 * @param {string} url
 * @param {number} pixelCount
 * @returns {Promise<{pixels?: Int16Array, failure?: number | "unreachable" | "damaged"}>} why it could not be had whole:
 *   the HTTP status; "unreachable" when no answer came; "damaged" when it was cut short or is not what was stored
 */
export async function fetchSlice(url, pixelCount) {
  let failure = /** @type {number | "unreachable" | "damaged"} */ ("unreachable");
  try {
    const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
    failure = response.ok ? "damaged" : response.status;
    if (!response.ok) return { failure };
    return { pixels: unfilterSlice(new Uint8Array(await response.arrayBuffer()), pixelCount) };
  } catch {
    return { failure };
  }
}
