/** Rulers: lengths in mm, each in one image of one plane, where it stays however the reader scrolls. */
import { distanceMm, PLANES, pointIn } from "./planes.js";

const GRIP_PX = 10; // CSS pixels: so near an end, a press takes it

/**
 * @typedef {object} Ruler
 * @property {string} plane
 * @property {number} index  the image it lies in
 * @property {{row: number, column: number}[]} ends  two, in image pixels
 */

export class Rulers {
  /** @type {Ruler[]} the one last touched is the last */
  #all = [];

  /**
   * @param {string} plane
   * @param {number} index
   * @returns {Ruler[]} those of an image
   */
  in(plane, index) {
    return this.#all.filter((ruler) => ruler.plane === plane && ruler.index === index);
  }

  /**
   * @param {string} plane
   * @param {number} index
   * @param {{row: number, column: number}} start
   * @returns {(end: {row: number, column: number}) => void} moves its other end
   */
  begin(plane, index, start) {
    const ruler = { plane, index, ends: [start, start] };
    this.#all.push(ruler);
    return (end) => (ruler.ends = [start, end]);
  }

  /**
   * @param {string} plane
   * @param {number} index
   * @param {(end: {row: number, column: number}) => number} distanceOf  CSS pixels from where was pressed
   * @returns {((end: {row: number, column: number}) => void) | null} moves the end that was pressed
   */
  grip(plane, index, distanceOf) {
    for (const ruler of this.in(plane, index).reverse()) {
      const end = ruler.ends.findIndex((one) => distanceOf(one) <= GRIP_PX);
      if (end < 0) continue;
      this.#touch(ruler);
      return (moved) => (ruler.ends = ruler.ends.map((one, at) => (at === end ? moved : one)));
    }
    return null;
  }

  removeLast() {
    this.#all.pop();
  }

  /** Remove what was hardly drawn: a press without a drag. */
  dropEmpty() {
    this.#all = this.#all.filter(({ ends: [a, b] }) => Math.hypot(a.row - b.row, a.column - b.column) > 0.5);
  }

  clear() {
    this.#all = [];
  }

  /** @returns {string} changes whenever any of them does */
  get key() {
    return JSON.stringify(this.#all);
  }

  /** @param {Ruler} ruler */
  #touch(ruler) {
    this.#all = [...this.#all.filter((one) => one !== ruler), ruler];
  }
}

/**
 * @param {Ruler} ruler
 * @param {number[]} spacingMm  of the volume
 * @returns {number} mm
 */
export function lengthMm({ plane, index, ends }, spacingMm) {
  const [a, b] = ends.map(({ row, column }) => pointIn(PLANES[plane], index, row, column));
  return distanceMm(a, b, spacingMm);
}
