/**
 * The test pattern before a sitting: a ramp, and two numbers at 5 % on black and 95 % on white, as in the SMPTE
 * pattern. The reader types what is seen; the form also tells the screen that it was seen on.
 */

const BLACK = 0;
const WHITE = 255;
const DARKEST = Math.round(0.05 * WHITE);
const BRIGHTEST = Math.round(0.95 * WHITE);
const STEPS = 11;
const RAMP_HEIGHT = 80; // of the canvas' own pixels, as all lengths here
const GAP = 20;
const DIGITS_FONT = "bold 120px sans-serif";

/** @param {number} level 0..255 */
const gray = (level) => `rgb(${level} ${level} ${level})`;

/** Two digits, none of which passes for another in the dark. */
function randomNumber() {
  const digits = "23456789";
  const [first, second] = crypto.getRandomValues(new Uint8Array(2));
  return digits[first % digits.length] + digits[second % digits.length];
}

/**
 * @param {HTMLCanvasElement} canvas
 * @param {{dark: string, bright: string}} numbers
 */
function drawPattern(canvas, { dark, bright }) {
  const context = canvas.getContext("2d", { alpha: false });
  const { width, height } = canvas;
  const top = RAMP_HEIGHT + GAP;
  const half = (width - GAP) / 2;
  context.fillStyle = gray(128);
  context.fillRect(0, 0, width, height);
  for (let step = 0; step < STEPS; step++) {
    context.fillStyle = gray(Math.round((step / (STEPS - 1)) * WHITE));
    context.fillRect(Math.round((step * width) / STEPS), 0, Math.ceil(width / STEPS), RAMP_HEIGHT);
  }
  drawSquare(context, { x: 0, y: top, width: half, height: height - top, ground: BLACK, level: DARKEST, text: dark });
  drawSquare(context, {
    x: half + GAP, y: top, width: half, height: height - top, ground: WHITE, level: BRIGHTEST, text: bright,
  });
}

/**
 * @param {CanvasRenderingContext2D} context
 * @param {{x: number, y: number, width: number, height: number, ground: number, level: number, text: string}} square
 */
function drawSquare(context, { x, y, width, height, ground, level, text }) {
  context.fillStyle = gray(ground);
  context.fillRect(x, y, width, height);
  context.fillStyle = gray(level);
  context.font = DIGITS_FONT;
  context.textAlign = "center";
  context.textBaseline = "middle";
  context.fillText(text, x + width / 2, y + height / 2);
}

const form = /** @type {HTMLFormElement} */ (document.querySelector("[data-display-check]"));
const numbers = { dark: randomNumber(), bright: randomNumber() };
drawPattern(form.querySelector("canvas"), numbers);
const told = {
  dark_shown: numbers.dark,
  bright_shown: numbers.bright,
  screen_width: screen.width,
  screen_height: screen.height,
  pixel_ratio: devicePixelRatio,
  colour_depth: screen.colorDepth,
};
for (const [name, value] of Object.entries(told)) {
  /** @type {HTMLInputElement} */ (form.elements.namedItem(name)).value = String(value);
}
form.querySelector("button").disabled = false; // from now on there is something to be seen, and all is told
form.querySelector("input:not([type=hidden])").focus();
