/**
 * Windows: from Hounsfield units to gray, as DICOM defines it.
 *
 * Tested against tests/vectors/window.json, as readerstudy/domain/windowing.py is.
 */

/** @typedef {{center: number, width: number, inverted: boolean}} Window  in HU */

/**
 * @typedef {object} Preset
 * @property {string} key     the key that chooses it
 * @property {string} name
 * @property {number} center  HU
 * @property {number} width   HU
 */

/** @type {readonly Preset[]} */
export const PRESETS = Object.freeze([
  { key: "1", name: "Abdomen", center: 40, width: 400 },
  { key: "2", name: "Liver, contrast", center: 100, width: 150 },
  { key: "3", name: "Liver, plain", center: 30, width: 150 },
  { key: "4", name: "Pancreas", center: 80, width: 250 },
  { key: "5", name: "Kidney", center: 120, width: 400 },
  { key: "6", name: "Lung", center: -600, width: 1500 },
  { key: "7", name: "Bone", center: 480, width: 2500 },
  { key: "8", name: "Full range", center: 1024, width: 4096 },
]);

/** Where a case of each organ starts, whatever its arm; other organs start with the abdomen's window. */
const STARTS = { pancreas: PRESETS[3], kidney: PRESETS[4] };

const GRAY_MAX = 255;
const INT16_MIN = -32768;
const INT16_COUNT = 65536;
const CENTER_RANGE = [-1024, 3071];
const WIDTH_RANGE = [1, 4096];

/** Entries of a table for each HU: interpolated values are rounded to eighths, an error of 1/16 HU at most. */
export const STEPS = 8;
/** Where a table has 0 HU: the entry of a value is `ZERO + STEPS * hu`, exactly the value's own for whole HU. */
export const ZERO = -INT16_MIN * STEPS;
const ENTRIES = INT16_COUNT * STEPS;
/** 16 bits number the entries from here on: what lies before them is dark in every window, what follows is bright. */
export const PLAIN_FROM = ZERO + STEPS * (CENTER_RANGE[0] - WIDTH_RANGE[1] / 2);
export const PLAIN_ABSENT = 0xffff;
const ABSENT = 0xff1c1712; // the colour of what is not loaded: no gray of any window

/** @param {string} organ */
export function startingWindow(organ) {
  const { center, width } = STARTS[organ] ?? PRESETS[0];
  return { center, width, inverted: false };
}

/**
 * @param {number} center
 * @param {number} width
 * @returns {{center: number, width: number}} whole HU, within what a CT needs
 */
export function boundedWindow(center, width) {
  const bounded = (value, [low, high]) => Math.min(high, Math.max(low, Math.round(value)));
  return { center: bounded(center, CENTER_RANGE), width: bounded(width, WIDTH_RANGE) };
}

/**
 * The gray of a value (DICOM PS3.3 C.11.2.1.2.1, y from 0 to 255, halves rounded up).
 *
 * @param {number} hu
 * @param {number} center  HU
 * @param {number} width   HU, at least 1
 * @returns {number} 0 to 255
 */
export function grayOf(hu, center, width) {
  const fromMiddle = hu - (center - 0.5);
  const span = width - 1;
  if (fromMiddle > span / 2) return GRAY_MAX;
  if (fromMiddle <= -span / 2) return 0;
  return Math.floor(((fromMiddle + span / 2) * GRAY_MAX) / span + 0.5);
}

/**
 * What a window makes of every value.
 *
 * @typedef {object} Colors
 * @property {Uint32Array} table  65,536 x STEPS colours as ImageData keeps them: of every int16 and of STEPS - 1 values
 *   between each and the next; see ZERO
 * @property {number} darkest     HU, whole: it and all below have the colour
 * @property {number} dark
 * @property {number} absent      what is not loaded
 * @property {number} first       entries before it are dark,
 * @property {number} last        from it on as bright as can be
 */

/**
 * @param {Window} window
 * @param {Colors | null} [before]  of another window: its table is written over, where it differs
 * @returns {Colors}
 */
export function colorsOf({ center, width, inverted }, before = null) {
  const table = before?.table ?? new Uint32Array(ENTRIES);
  const darkest = Math.max(INT16_MIN, Math.floor(center - 0.5 - (width - 1) / 2));
  const first = ZERO + STEPS * darkest;
  const last = Math.min(table.length, Math.max(0, ZERO + STEPS * (Math.ceil(center + width / 2) + 1)));
  const [dark, bright] = [colorOf(inverted ? GRAY_MAX : 0), colorOf(inverted ? 0 : GRAY_MAX)];
  const kept = before?.dark === dark;
  table.fill(dark, kept ? before.first : 0, first);
  for (let entry = first; entry < last; entry++) {
    const gray = grayOf((entry - ZERO) / STEPS, center, width);
    table[entry] = colorOf(inverted ? GRAY_MAX - gray : gray);
  }
  table.fill(bright, last, kept ? before.last : table.length);
  return { table, darkest, dark, absent: ABSENT, first, last };
}

/** @type {Uint32Array | null} */
let plain = null;

/**
 * @param {number} darkest  HU: it and all below are one
 * @returns {Colors} no window: every value that any window tells apart is a 16-bit number of its own
 */
export function plainColors(darkest) {
  if (plain === null) {
    plain = new Uint32Array(ENTRIES).fill(PLAIN_ABSENT - 1, PLAIN_FROM + PLAIN_ABSENT);
    for (let entry = 0; entry < PLAIN_ABSENT; entry++) plain[PLAIN_FROM + entry] = entry;
  }
  return { table: plain, darkest, dark: 0, absent: PLAIN_ABSENT, first: 0, last: ENTRIES };
}

/** @param {number} gray */
function colorOf(gray) {
  return 0xff000000 | (gray * 0x010101); // opaque; RGBA in the byte order of every machine a browser runs on
}

/**
 * @param {number} center
 * @param {number} width
 * @returns {Preset | undefined} the preset with exactly this window
 */
export function presetOf(center, width) {
  return PRESETS.find((preset) => preset.center === center && preset.width === width);
}
