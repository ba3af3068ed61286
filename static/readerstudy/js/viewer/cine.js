/** Cine: slice after slice at a steady rate, round and round. */
export class Cine {
  #timer = 0;
  #step;

  /** @param {() => void} step  shows the next slice */
  constructor(step) {
    this.#step = step;
  }

  get running() {
    return this.#timer !== 0;
  }

  /** @param {number} rate  slices a second */
  start(rate) {
    this.stop();
    this.#timer = setInterval(this.#step, 1000 / rate);
  }

  stop() {
    clearInterval(this.#timer);
    this.#timer = 0;
  }
}
