/** A sitting ends with a long break: what comes after it begins anew, with a display check. */

export const SITTING_ENDS_AFTER_MS = 3_600_000; // as readerstudy/domain/display_checks.py

/**
 * @param {() => void} beginAnew
 * @returns {() => void} to be called whenever the reader does something
 */
export function watchSitting(beginAnew) {
  let lastActive = Date.now(); // goes on while the computer sleeps
  return () => {
    if (Date.now() - lastActive > SITTING_ENDS_AFTER_MS) beginAnew();
    lastActive = Date.now();
  };
}
