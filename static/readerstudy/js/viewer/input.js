/** Mouse and wheel on the image, turned into the viewer's actions. */

const NOTCH = 120; // what browsers report for one click of a mouse wheel
const TRACKPAD_STEP_PX = 40;
const LINE_PX = 16;
const ZOOM_PER_PX = 1.005;
const BUTTONS = { left: 0, middle: 1, right: 2 };

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
 * @param {HTMLCanvasElement} canvas
 * @param {import("./main.js").Viewer} viewer
 */
export function listenToPointer(canvas, viewer) {
  const wheel = new WheelSteps();
  canvas.addEventListener(
    "wheel",
    (event) => {
      event.preventDefault();
      if (event.ctrlKey) viewer.zoomBy(ZOOM_PER_PX ** -event.deltaY);
      else viewer.scrollBy(wheel.add(event));
    },
    { passive: false },
  );

  /** @type {((dx: number, dy: number) => void) | null} */
  let drag = null;
  let last = { x: 0, y: 0 };
  canvas.addEventListener("pointerdown", (event) => {
    if (event.button === BUTTONS.left) drag = (dx, dy) => viewer.windowBy(dx, dy);
    if (event.button === BUTTONS.middle) drag = (dx, dy) => viewer.panBy(dx, dy);
    if (event.button === BUTTONS.right) drag = (_dx, dy) => viewer.zoomBy(ZOOM_PER_PX ** -dy);
    last = { x: event.clientX, y: event.clientY };
    canvas.setPointerCapture(event.pointerId);
    event.preventDefault();
  });
  canvas.addEventListener("pointermove", (event) => {
    drag?.(event.clientX - last.x, event.clientY - last.y);
    last = { x: event.clientX, y: event.clientY };
    viewer.pointAt(event.offsetX, event.offsetY);
  });
  for (const end of ["pointerup", "pointercancel"]) canvas.addEventListener(end, () => (drag = null));
  canvas.addEventListener("pointerleave", () => viewer.pointAt(NaN, NaN));
  canvas.addEventListener("contextmenu", (event) => event.preventDefault());
}
