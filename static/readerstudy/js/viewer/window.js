/**
 * Windows: from Hounsfield units to gray, as DICOM defines it.
 *
 * Tested against tests/vectors/window.json, as readerstudy/domain/windowing.py is.
 */

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

const GRAY_MAX = 255;
const INT16_MIN = -32768;
const INT16_MAX = 32767;

/**
 * The gray value of every int16 (DICOM PS3.3 C.11.2.1.2.1, y from 0 to 255, halves rounded up).
 *
 * @param {number} center  HU
 * @param {number} width   HU, at least 1
 * @returns {Uint8Array} 65,536 entries, indexed by the value's bits: `table[hu & 0xffff]`
 */
export function windowTable(center, width) {
  const table = new Uint8Array(INT16_MAX - INT16_MIN + 1);
  const middle = center - 0.5;
  const span = width - 1;
  const black = middle - span / 2;
  const white = middle + span / 2;
  for (let hu = INT16_MIN; hu <= INT16_MAX; hu++) {
    if (hu > white) {
      table[hu & 0xffff] = GRAY_MAX;
    } else if (hu > black) {
      table[hu & 0xffff] = Math.floor(((hu - middle + span / 2) * GRAY_MAX) / span + 0.5);
    }
  }
  return table;
}

/**
 * @param {number} center
 * @param {number} width
 * @returns {Preset | undefined} the preset with exactly this window
 */
export function presetOf(center, width) {
  return PRESETS.find((preset) => preset.center === center && preset.width === width);
}
