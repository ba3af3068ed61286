/** What a press takes up instead of the mouse's own action: the ruler, the reader's mark, the end of a ruler. */
import { distanceMm, PLANES, pointIn } from "./planes.js";

const GRIP_PX = 10; // CSS pixels: so near a ruler's end, a press takes it

/** Events: "change"; "marking" ({active}); "marked" ({slice, row, column}). */
export class Tools extends EventTarget {
  rulers = new Rulers();
  /** @type {"ruler" | "mark" | null} what the next press uses */
  #armed = null;

  get armed() {
    return this.#armed;
  }

  toggleRuler() {
    this.#arm(this.#armed === "ruler" ? null : "ruler");
  }

  /** The next press in any plane places the reader's mark. */
  startMarking() {
    this.#arm("mark");
  }

  cancelMarking() {
    if (this.#armed === "mark") this.putDown();
  }

  putDown() {
    this.#arm(null);
  }

  /** Ready for another case. */
  clear() {
    this.rulers.clear();
    this.putDown();
  }

  /**
   * @param {import("./pane.js").Pane} pane
   * @param {import("./pane.js").Scene} scene
   * @param {{x: number, y: number}} at  CSS pixels
   * @returns {import("./input.js").Drag | null} null: nothing is taken up
   */
  takeUp(pane, scene, at) {
    const index = scene.position[pane.plane.normal];
    const imagePoint = (to) => pane.imagePoint(scene, to.x, to.y);
    if (this.#armed === "mark") return this.#takeMark(pane, index, imagePoint, at);
    const moveEnd =
      this.#armed === "ruler"
        ? this.rulers.begin(pane.name, index, imagePoint(at))
        : scene.markers && this.rulers.grip(pane.name, index, (end) => distance(pane.canvasPoint(scene, end), at));
    if (!moveEnd) return null;
    this.putDown();
    return {
      tool: true,
      move: (to) => {
        moveEnd(imagePoint(to));
        this.#changed();
      },
      end: () => {
        this.rulers.dropEmpty();
        this.#changed();
      },
    };
  }

  /** @returns {import("./input.js").Drag} */
  #takeMark({ plane }, index, imagePoint, at) {
    let place = at;
    return {
      tool: true,
      move: (to) => (place = to),
      end: (cancelled) => {
        if (cancelled || this.#armed !== "mark") return;
        const { row, column } = imagePoint(place);
        const [slice, ...inSlice] = pointIn(plane, index, row, column);
        this.putDown();
        this.#tell("marked", { slice, row: inSlice[0], column: inSlice[1] });
      },
    };
  }

  /** @param {"ruler" | "mark" | null} tool */
  #arm(tool) {
    const before = this.#armed;
    this.#armed = tool;
    if ((before === "mark") !== (tool === "mark")) this.#tell("marking", { active: tool === "mark" });
    this.#changed();
  }

  #changed() {
    this.dispatchEvent(new Event("change"));
  }

  /**
   * @param {string} type
   * @param {object} detail
   */
  #tell(type, detail) {
    this.dispatchEvent(new CustomEvent(type, { detail }));
  }
}

const distance = (a, b) => Math.hypot(a.x - b.x, a.y - b.y);

/**
 * @typedef {object} Ruler
 * @property {string} plane
 * @property {number} index  the image it lies in
 * @property {{row: number, column: number}[]} ends  two, in image pixels
 */

/** Rulers: lengths in mm, each in one image of one plane, where it stays however the reader scrolls. */
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

  /** @param {(ruler: Ruler) => boolean} isSeen */
  removeLast(isSeen) {
    const last = this.#all.filter(isSeen).pop();
    this.#all = this.#all.filter((ruler) => ruler !== last);
  }

  /** Remove what was hardly drawn: a press without a drag. */
  dropEmpty() {
    this.#all = this.#all.filter(({ ends: [a, b] }) => Math.hypot(a.row - b.row, a.column - b.column) > 0.5);
  }

  clear() {
    this.#all = [];
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
