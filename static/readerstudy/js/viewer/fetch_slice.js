/** Fetches one slice and un-filters it: the first of a page by itself, all others in workers. */
import { unfilterSlice } from "./codec.js";

const TIMEOUT_MS = 20_000;

/**
 * @param {string} url
 * @param {number} pixelCount
 * @param {(content: ArrayBuffer) => void} [done]  what becomes of the bytes that were un-filtered
 * @returns {Promise<{pixels?: Int16Array, failure?: number | "unreachable" | "damaged"}>} why it could not be had whole:
 *   the HTTP status; "unreachable" when no answer came; "damaged" when it was cut short or is not what was stored
 */
export async function fetchSlice(url, pixelCount, done) {
  let failure = /** @type {number | "unreachable" | "damaged"} */ ("unreachable");
  try {
    const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
    failure = response.ok ? "damaged" : response.status;
    if (!response.ok) return { failure };
    const content = await response.arrayBuffer();
    const pixels = unfilterSlice(new Uint8Array(content), pixelCount);
    done?.(content);
    return { pixels };
  } catch {
    return { failure };
  }
}
