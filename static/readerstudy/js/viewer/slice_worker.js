/**
 * A worker: fetches slices and hands their pixels over. The loader decides which and when.
 *
 * In:  {id, url, pixelCount}
 * Out: {id, pixels}, or {id, failure} as fetchSlice gives it
 */
import "./codec.js"; // named here as well, so that both modules are fetched at once
import { fetchSlice } from "./fetch_slice.js";

/**
 * Give memory back at once, where browsers can: garbage is collected too late for hundreds of slices. In workers alone,
 * as V8 reads arrays more slowly in a script that has ever given one away.
 *
 * @param {ArrayBuffer} buffer
 */
const giveBack = (buffer) => buffer.transfer?.(0);

self.addEventListener("message", async ({ data: { id, url, pixelCount } }) => {
  const fetched = await fetchSlice(url, pixelCount, giveBack);
  self.postMessage({ id, ...fetched }, fetched.pixels ? [fetched.pixels.buffer] : []);
});
