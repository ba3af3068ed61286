/**
 * What a reader has put into an answer that is not submitted yet, and the time worked on it: kept in this tab alone,
 * so that a reload, the back button or a page that the browser discarded lose neither.
 */

const KEY = "readerstudy.draft";

/**
 * @typedef {object} Kept
 * @property {string} token     of the case
 * @property {number} activeMs
 * @property {import("./form.js").Draft} answer
 */

/** @param {Kept} kept */
export function keepDraft(kept) {
  try {
    sessionStorage.setItem(KEY, JSON.stringify(kept));
  } catch {
    // A browser that keeps nothing: the draft lives as long as the page.
  }
}

/**
 * @param {string} token
 * @returns {Kept | null} null when nothing is kept of that case, or it is damaged
 */
export function draftOf(token) {
  try {
    const kept = JSON.parse(sessionStorage.getItem(KEY));
    return kept.token === token && kept.activeMs >= 0 && typeof kept.answer === "object" ? kept : null;
  } catch {
    return null;
  }
}

export function dropDraft() {
  sessionStorage.removeItem(KEY);
}
