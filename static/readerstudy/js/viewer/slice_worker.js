/**
 * A worker: fetches one slice, un-filters it, hands its pixels over. The loader decides which and when.
 *
 * In:  {id, url, pixelCount}
 * Out: {id, pixels} or, when it could not be had whole, {id, status} (the HTTP status; 0: no or a damaged answer)
 */
import { unfilterSlice } from "./codec.js";

self.addEventListener("message", async ({ data: { id, url, pixelCount } }) => {
  let status = 0;
  try {
    const response = await fetch(url, { redirect: "error" });
    if (!response.ok) {
      status = response.status;
      throw new Error(`The server answered ${status}.`);
    }
    const pixels = unfilterSlice(new Uint8Array(await response.arrayBuffer()), pixelCount);
    self.postMessage({ id, pixels }, [pixels.buffer]);
  } catch {
    self.postMessage({ id, status });
  }
});
