/** What the page says to the server, and what an answer of the server means. */

const TIMEOUT_MS = 20_000;
const SETTLED_AFTER_MS = 800; // so long nothing more is changed: what the reader likes is sent
const REFUSED = [401, 403]; // no session, or a study that is not open
const REFUSED_FOR_GOOD = [400, 404]; // an answer that the server can't take, however often it comes

/**
 * @typedef {object} Outcome
 * @property {"stored" | "already-answered" | "refused" | "refused-for-good" | "not-sent"} kind
 * @property {object} [state]    the reader's state, when the server gave one
 * @property {string} [feedback] what is told of a practice case
 * @property {string} [message]  why, in the server's words; may be empty
 */

/**
 * @param {string} url
 * @returns {Promise<{state?: object, refused?: boolean, message?: string}>} nothing when the server could not
 *   be reached
 */
export async function fetchState(url) {
  try {
    const response = await fetch(url, {
      headers: { Accept: "application/json" },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (REFUSED.includes(response.status)) return { refused: true, message: await reasonOf(response) };
    return response.ok ? { state: await response.json() } : {};
  } catch {
    return {};
  }
}

/**
 * @param {string} url
 * @param {object} answer
 * @param {string} csrfToken
 * @returns {Promise<Outcome>}
 */
export async function postAnswer(url, answer, csrfToken) {
  try {
    const response = await fetch(url, {
      method: "POST",
      headers: { Accept: "application/json", "Content-Type": "application/json", "X-CSRFToken": csrfToken },
      body: JSON.stringify(answer),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (REFUSED.includes(response.status)) return { kind: "refused", message: await reasonOf(response) };
    if (REFUSED_FOR_GOOD.includes(response.status)) return { kind: "refused-for-good" };
    if (response.status === 409) {
      const { error, state } = await response.json();
      return { kind: "already-answered", message: error, state };
    }
    if (!response.ok) return { kind: "not-sent" };
    const { state, feedback } = await response.json();
    return { kind: "stored", state, feedback };
  } catch {
    return { kind: "not-sent" };
  }
}

/** @param {Response} response */
async function reasonOf(response) {
  try {
    return (await response.json()).error;
  } catch {
    return ""; // a page in place of an answer: a proxy's, or the one for a stale form
  }
}

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
