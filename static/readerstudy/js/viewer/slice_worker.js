/**
 * A worker: fetches one slice, un-filters it, hands its pixels over. The loader decides which and when.
 *
 * In:  {id, url, pixelCount}
 * Out: {id, pixels}, or {id, failure} when it could not be had whole: the HTTP status; "unreachable" when no
 *      answer came; "damaged" when it was cut short or is not what was stored
 */
import { unfilterSlice } from "./codec.js";

const TIMEOUT_MS = 20_000;

self.addEventListener("message", async ({ data: { id, url, pixelCount } }) => {
  let failure = /** @type {string | number} */ ("unreachable");
  try {
    const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
    failure = response.ok ? "damaged" : response.status;
    if (!response.ok) throw new Error(`The server answered ${response.status}.`);
    const pixels = unfilterSlice(new Uint8Array(await response.arrayBuffer()), pixelCount);
    self.postMessage({ id, pixels }, [pixels.buffer]);
  } catch {
    self.postMessage({ id, failure });
  }
});
