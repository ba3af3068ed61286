/** How long a case was read: by the clock, and of that while the page was visible and the reader at work. */

export const IDLE_AFTER_MS = 60_000;

export class ActiveClock {
  #started = 0;
  #settled = 0; // active time is counted up to here
  #lastActivity = 0;
  #active = 0;
  #visible = true;

  /** @param {number} now  milliseconds of a clock that never jumps (performance.now) */
  start(now) {
    this.#started = this.#settled = this.#lastActivity = now;
    this.#active = 0;
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
    this.#settle(now);
    this.#visible = visible;
    this.#lastActivity = now;
  }

  /**
   * @param {number} now
   * @returns {{activeMs: number, elapsedMs: number}} whole milliseconds since the start
   */
  read(now) {
    this.#settle(now);
    return { activeMs: Math.round(this.#active), elapsedMs: Math.round(now - this.#started) };
  }

  /** @param {number} now */
  #settle(now) {
    const until = Math.min(now, this.#lastActivity + IDLE_AFTER_MS);
    if (this.#visible) this.#active += Math.max(0, until - this.#settled);
    this.#settled = now;
  }
}
