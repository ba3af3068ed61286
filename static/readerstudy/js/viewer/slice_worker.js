/**
 * A worker: fetches slices and hands their pixels over. The loader decides which and when.
 *
 * In:  {id, url, pixelCount}
 * Out: {id, pixels}, or {id, failure} as fetchSlice gives it
 */
import "./codec.js"; // named here as well, so that both modules are fetched at once
import { fetchSlice } from "./fetch_slice.js";

self.addEventListener("message", async ({ data: { id, url, pixelCount } }) => {
  const fetched = await fetchSlice(url, pixelCount);
  self.postMessage({ id, ...fetched }, fetched.pixels ? [fetched.pixels.buffer] : []);
});
