/** What the page says to the server, and what an answer of the server means. */

const TIMEOUT_MS = 20_000;
const SESSION_OVER = [401, 403];

/**
 * @typedef {object} Outcome
 * @property {"stored" | "already-answered" | "session-over" | "not-sent"} kind
 * @property {object} [state]    the reader's state, when the server gave one
 * @property {string} [message]  why, in the server's words
 */

/**
 * @param {string} url
 * @returns {Promise<{state?: object, sessionOver?: boolean}>} neither when the server could not be reached
 */
export async function fetchState(url) {
  try {
    const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) });
    if (SESSION_OVER.includes(response.status)) return { sessionOver: true };
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
      headers: { "Content-Type": "application/json", "X-CSRFToken": csrfToken },
      body: JSON.stringify(answer),
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    if (SESSION_OVER.includes(response.status)) return { kind: "session-over" };
    if (response.status === 409) {
      const { error, state } = await response.json();
      return { kind: "already-answered", message: error, state };
    }
    return response.ok ? { kind: "stored", state: (await response.json()).state } : { kind: "not-sent" };
  } catch {
    return { kind: "not-sent" };
  }
}
