/**
 * How long a case was read: while the page was visible, not paused, and the reader at work. The server has the time
 * in all. And when a sitting is over: after a long break, what follows begins anew, with a display check.
 */

export const IDLE_AFTER_MS = 60_000;
export const SITTING_ENDS_AFTER_MS = 3_600_000; // as readerstudy/domain/display_checks.py

export class ActiveClock {
  #settled = 0; // active time is counted up to here
  #lastActivity = 0;
  #active = 0;
  #visible = true;
  #paused = false;

  /**
   * @param {number} now  milliseconds of a clock that never jumps (performance.now)
   * @param {number} [already]  milliseconds worked on this case before
   */
  start(now, already = 0) {
    this.#settled = this.#lastActivity = now;
    this.#active = already;
  }

  /** @param {number} now */
  activity(now) {
    this.#settle(now);
    this.#lastActivity = now;
  }

  /**
   * @param {boolean} visible
   * @param {number} now
   */
  setVisible(visible, now) {
    this.activity(now);
    this.#visible = visible;
  }

  /**
   * @param {boolean} paused
   * @param {number} now
   */
  setPaused(paused, now) {
    this.activity(now);
    this.#paused = paused;
  }

  /**
   * @param {number} now
   * @returns {number} whole milliseconds of work since the start
   */
  read(now) {
    this.#settle(now);
    return Math.round(this.#active);
  }

  /** @param {number} now */
  #settle(now) {
    const until = Math.min(now, this.#lastActivity + IDLE_AFTER_MS);
    if (this.#visible && !this.#paused) this.#active += Math.max(0, until - this.#settled);
    this.#settled = now;
  }
}

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
