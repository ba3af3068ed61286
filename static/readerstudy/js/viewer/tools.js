/** What a press takes up instead of the mouse's own action: the ruler, the reader's mark, the end of a ruler. */
import { pointIn } from "./planes.js";
import { Rulers } from "./rulers.js";

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

  removeRuler() {
    this.rulers.removeLast();
    this.#changed();
  }

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
