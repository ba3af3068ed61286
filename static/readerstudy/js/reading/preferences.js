/** How the reader likes the viewer: sent to the server when it has not changed for a moment. */

const SETTLED_AFTER_MS = 800;

/**
 * @param {EventTarget} viewer  gives "preferences" events
 * @param {(preferences: object) => void} send
 */
export function keepPreferences(viewer, send) {
  let timer = 0;
  let latest = null;
  const flush = () => {
    clearTimeout(timer);
    if (latest) send(latest);
    latest = null;
  };
  viewer.addEventListener("preferences", (event) => {
    latest = /** @type {CustomEvent} */ (event).detail;
    clearTimeout(timer);
    timer = setTimeout(flush, SETTLED_AFTER_MS);
  });
  window.addEventListener("pagehide", flush);
}
