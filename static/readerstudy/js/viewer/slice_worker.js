/**
 * A worker: fetches slices and hands their pixels over. The loader decides which and when.
 *
 * In:  {id, url, pixelCount}
 * Out: {id, pixels}, or {id, failure} as fetchSlice gives it
 */
import { fetchSlice } from "./codec.js";

self.addEventListener("message", async ({ data: { id, url, pixelCount } }) => {
  const fetched = await fetchSlice(url, pixelCount);
  self.postMessage({ id, ...fetched }, fetched.pixels ? [fetched.pixels.buffer] : []);
});
