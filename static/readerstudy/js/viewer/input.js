/** Mouse, wheel and fingers on a pane, turned into the viewer's actions. */
import { MOUSE_MAPS } from "./keys.js";

const NOTCH = 120; // what browsers report for one click of a mouse wheel
const TRACKPAD_STEP_PX = 40;
const LINE_PX = 16;
const ZOOM_PER_PX = 1.005;
const CLICK_WITHIN_PX = 4;
const FINGER_STEP_PX = 12; // at least so far a drag goes from slice to slice
const BUTTONS = ["left", "middle", "right"];

/** Wheel events to whole slices: a mouse's click is one; what a trackpad sends is added up. */
export class WheelSteps {
  #rest = 0;

  /**
   * @param {{deltaY: number, deltaMode: number, wheelDeltaY?: number}} event
   * @returns {number} slices to go down; negative: up
   */
  add({ deltaY, deltaMode, wheelDeltaY = 0 }) {
    if (wheelDeltaY !== 0 && wheelDeltaY % NOTCH === 0) {
      this.#rest = 0;
      return -wheelDeltaY / NOTCH;
    }
    const pixels = deltaMode === WheelEvent.DOM_DELTA_PIXEL ? deltaY : deltaY * LINE_PX;
    if (Math.sign(pixels) !== Math.sign(this.#rest)) this.#rest = 0;
    this.#rest += pixels / TRACKPAD_STEP_PX;
    const steps = Math.trunc(this.#rest);
    this.#rest -= steps;
    return steps;
  }
}

/**
 * What the pointer's movements do until it is lifted.
 *
 * @typedef {object} Drag
 * @property {(to: {x: number, y: number}, dx: number, dy: number) => void} move  CSS pixels from the canvas' corner
 * @property {(cancelled: boolean) => void} [end]
 * @property {boolean} [tool]  a click is part of it, and does not move the crosshair
 */

/** Listens to one pane. */
export class PaneInput {
  #viewer;
  #pane;
  #wheel = new WheelSteps();
  /** @type {Map<number, {x: number, y: number}>} where each finger or the mouse is */
  #pointers = new Map();
  /** @type {Drag | null} */
  #drag = null;
  #pressed = { x: 0, y: 0 };
  #moved = false;

  /**
   * @param {import("./main.js").Viewer} viewer
   * @param {import("./pane.js").Pane} pane
   */
  constructor(viewer, pane) {
    this.#viewer = viewer;
    this.#pane = pane;
    const { canvas, scrollbar } = pane;
    for (const part of [canvas, scrollbar]) {
      part.addEventListener("wheel", (event) => this.#onWheel(event), { passive: false });
    }
    canvas.addEventListener("pointerdown", (event) => this.#onDown(event));
    canvas.addEventListener("pointermove", (event) => this.#onMove(event));
    canvas.addEventListener("pointerup", (event) => this.#onUp(event, false));
    canvas.addEventListener("pointercancel", (event) => this.#onUp(event, true));
    canvas.addEventListener("pointerleave", () => viewer.hover(pane, null));
    canvas.addEventListener("contextmenu", (event) => event.preventDefault());
    canvas.addEventListener("focus", () => viewer.activate(pane));
    scrollbar.addEventListener("focus", () => viewer.activate(pane));
    scrollbar.addEventListener("input", () => viewer.scrollTo(Number(scrollbar.value), pane));
  }

  /** @param {WheelEvent} event */
  #onWheel(event) {
    event.preventDefault();
    this.#viewer.activate(this.#pane);
    if (event.ctrlKey) this.#viewer.zoomBy(ZOOM_PER_PX ** -event.deltaY, this.#pane, pointOf(event));
    else this.#viewer.scrollBy(this.#wheel.add(event), this.#pane);
  }

  /** @param {PointerEvent} event */
  #onDown(event) {
    event.preventDefault();
    const at = pointOf(event);
    this.#viewer.activate(this.#pane);
    this.#pane.canvas.focus({ preventScroll: true });
    this.#pane.canvas.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, at);
    if (this.#pointers.size > 1) this.#end(true);
    if (this.#pointers.size === 1) {
      this.#pressed = at;
      this.#moved = false;
      this.#drag = this.#viewer.takeUp(this.#pane, at, BUTTONS[event.button]) ?? this.#dragOf(event, at);
    }
  }

  /**
   * @param {PointerEvent} event
   * @param {{x: number, y: number}} start
   * @returns {Drag}
   */
  #dragOf(event, start) {
    const viewer = this.#viewer;
    const pane = this.#pane;
    if (event.shiftKey && event.button === 0) {
      viewer.point(pane, start);
      return { move: (to) => viewer.point(pane, to) };
    }
    const touch = event.pointerType === "touch";
    const kind = touch ? "scroll" : MOUSE_MAPS[viewer.preferences.mouse][BUTTONS[event.button]];
    if (kind === "window") return { move: (_to, dx, dy) => viewer.display.windowBy(dx, dy) };
    if (kind === "pan") return { move: (_to, dx, dy) => viewer.panBy(dx, dy, pane) };
    if (kind === "zoom") return { move: (_to, _dx, dy) => viewer.zoomBy(ZOOM_PER_PX ** -dy, pane, start) };
    const step = Math.max(touch ? FINGER_STEP_PX : 2, pane.height / (Number(pane.scrollbar.max) + 1));
    let rest = 0;
    return {
      move: (_to, _dx, dy) => {
        rest += dy / step;
        const steps = Math.trunc(rest);
        rest -= steps;
        if (steps !== 0) viewer.scrollBy(steps, pane);
      },
    };
  }

  /** @param {PointerEvent} event */
  #onMove(event) {
    const at = pointOf(event);
    if (event.pointerType !== "touch") this.#viewer.hover(this.#pane, at);
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    if (this.#pointers.size === 2) this.#pinch(event.pointerId, at);
    this.#pointers.set(event.pointerId, at);
    this.#moved ||= Math.hypot(at.x - this.#pressed.x, at.y - this.#pressed.y) >= CLICK_WITHIN_PX;
    if (this.#moved) this.#drag?.move(at, at.x - before.x, at.y - before.y);
  }

  /**
   * Two fingers: what lies between them stays there.
   *
   * @param {number} moving
   * @param {{x: number, y: number}} to
   */
  #pinch(moving, to) {
    const from = this.#pointers.get(moving);
    const [, other] = [...this.#pointers].find(([id]) => id !== moving);
    const apart = (at) => Math.max(1, Math.hypot(at.x - other.x, at.y - other.y));
    const middle = { x: (from.x + other.x) / 2, y: (from.y + other.y) / 2 };
    this.#viewer.zoomBy(apart(to) / apart(from), this.#pane, middle);
    this.#viewer.panBy((to.x - from.x) / 2, (to.y - from.y) / 2, this.#pane);
  }

  /**
   * @param {PointerEvent} event
   * @param {boolean} cancelled
   */
  #onUp(event, cancelled) {
    if (!this.#pointers.delete(event.pointerId)) return;
    const drag = this.#drag;
    this.#end(cancelled);
    const click = drag && !cancelled && !this.#moved && event.button === 0;
    if (click && !drag.tool) this.#viewer.point(this.#pane, this.#pressed);
  }

  /** @param {boolean} cancelled */
  #end(cancelled) {
    this.#drag?.end?.(cancelled);
    this.#drag = null;
  }
}

/** @param {MouseEvent} event */
function pointOf(event) {
  return { x: event.offsetX, y: event.offsetY };
}
