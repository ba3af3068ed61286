/**
 * From a plane's pixels to the screen's: HU are sampled at the middle of every screen pixel, then windowed.
 *
 * Nearest takes the pixel that the middle lies in. Smooth interpolates HU linearly where the image is enlarged and
 * averages them under a triangle as wide as two image pixels where it is made smaller, so that nothing is skipped; HU
 * before the window, so that what is shown between two pixels is what the tissue between them would be.
 * Pixels are centered: pixel p of n covers [p, p + 1) of [0, n). Tested against tests/vectors/resample.json.
 */
import { PLAIN_ABSENT, PLAIN_FROM, STEPS, ZERO } from "./window.js";

/**
 * How one axis is sampled: screen pixel o is the sum of `weight[o * taps + t]` times image pixel `first[o] + t`.
 *
 * @typedef {object} Axis
 * @property {number} taps
 * @property {Int32Array} first
 * @property {Float64Array} weight
 */

/**
 * @param {object} span
 * @param {number} span.count   image pixels
 * @param {number} span.start   where the image begins, in screen pixels
 * @param {number} span.length  how long it is there
 * @param {number} span.from    the first screen pixel wanted
 * @param {number} span.to      the first not wanted any more
 * @returns {Axis}
 */
export function smoothAxis({ count, start, length, from, to }) {
  const reach = Math.max(1, count / length); // half the triangle's base, in image pixels
  const taps = Math.min(count, reach === 1 ? 2 : Math.floor(2 * reach) + 1);
  const first = new Int32Array(to - from);
  const weight = new Float64Array(taps * (to - from));
  for (let o = 0; o < to - from; o++) {
    const middle = Math.min(count - 1, Math.max(0, ((o + from + 0.5 - start) * count) / length - 0.5));
    first[o] = Math.min(count - taps, Math.max(0, Math.floor(middle - reach) + 1));
    let sum = 0;
    for (let t = 0; t < taps; t++) sum += triangle((first[o] + t - middle) / reach);
    for (let t = 0; t < taps; t++) weight[o * taps + t] = triangle((first[o] + t - middle) / reach) / sum;
  }
  return { taps, first, weight };
}

/** @param {number} x */
const triangle = (x) => Math.max(0, 1 - Math.abs(x));

/**
 * @param {Parameters<typeof smoothAxis>[0]} span
 * @returns {Axis}
 */
export function nearestAxis({ count, start, length, from, to }) {
  const first = new Int32Array(to - from);
  for (let o = 0; o < to - from; o++) {
    first[o] = Math.min(count - 1, Math.max(0, Math.floor(((o + from + 0.5 - start) * count) / length)));
  }
  return { taps: 1, first, weight: new Float64Array(to - from).fill(1) };
}

/**
 * One image row on its way to the screen: table entries, with the half that rounds them. Where everything is as dark
 * as the window goes (air around the body, which is half of many images) nothing is sampled before it is needed.
 *
 * @typedef {object} Line
 * @property {number} row      of the image; -1: none yet
 * @property {Float64Array} entries  there from `from` to `to`
 * @property {number} from
 * @property {number} to
 * @property {number} left     outside `left` to `right` the row is darkest
 * @property {number} right
 */

/**
 * Where an image is not all dark, in its own screen pixels: `right` and `bottom` are the first beyond.
 *
 * @typedef {{left: number, top: number, right: number, bottom: number}} Lit
 */

/** Paints plane views into pixels, keeping the tables of the last placement. */
export class Resampler {
  /** @type {Axis} */
  #across;
  /** @type {Axis} */
  #down;
  /** @type {Line[]} reused in turn */
  #lines = [];
  /** @type {Float64Array} an image row's table entries, one a pixel: read once, wherever its pixels lie in memory */
  #pixels;
  /** @type {Float64Array} */
  #sums;
  #left = 0; // outside this range the screen row at hand is darkest
  #right = 0;
  /** @type {Uint8Array} 1: screen row y and the next both lie between the same two lines */
  #pairs;

  /**
   * @param {Parameters<typeof smoothAxis>[0]} across
   * @param {Parameters<typeof smoothAxis>[0]} down
   * @param {boolean} smooth
   */
  constructor(across, down, smooth) {
    const axis = smooth ? smoothAxis : nearestAxis;
    this.#across = axis(across);
    this.#down = axis(down);
    const width = this.#across.first.length;
    this.#pixels = new Float64Array(across.count);
    this.#sums = new Float64Array(width);
    this.#pairs = pairsOf(this.#down);
    for (let t = 0; t < this.#down.taps; t++) {
      this.#lines.push({ row: -1, entries: new Float64Array(width), from: 0, to: 0, left: 0, right: 0 });
    }
  }

  /**
   * @param {import("./planes.js").PlaneView} view
   * @param {import("./window.js").Colors} colors
   * @param {Uint32Array | Uint16Array} target
   * @returns {Lit}
   */
  paint(view, colors, target) {
    const rows = this.#down.first.length;
    const width = this.#across.first.length;
    const lit = { left: width, top: rows, right: 0, bottom: 0 };
    for (const line of this.#lines) line.row = -1;
    for (let y = 0; y < rows; ) {
      const next = y + this.#paintRow(view, colors, y, target);
      if (this.#left < this.#right) {
        lit.left = Math.min(lit.left, this.#left);
        lit.top = Math.min(lit.top, y);
        lit.right = Math.max(lit.right, this.#right);
        lit.bottom = next;
      }
      y = next;
    }
    return lit;
  }

  /** @returns {number} screen rows painted: this one, or the next as well */
  #paintRow(view, colors, y, target) {
    const { taps, first } = this.#down;
    const width = this.#across.first.length;
    const to = y * width;
    if (taps === 1 && y > 0 && first[y] === first[y - 1]) {
      target.copyWithin(to, to - width, to);
    } else if (!this.#lineUp(view, y, colors.darkest)) {
      target.fill(colors.absent, to, to + width);
      this.#left = 0;
      this.#right = width;
    } else if (this.#left >= this.#right) {
      target.fill(colors.dark, to, to + width);
    } else if (this.#pairs[y]) {
      this.#mixTwice(y, colors, target, to);
      return 2;
    } else if (taps === 2) {
      this.#mixTwo(y, colors, target, to);
    } else {
      this.#mixMany(y, colors, target, to);
    }
    return 1;
  }

  /**
   * Have the lines that screen row y is made of.
   *
   * @returns {boolean} false when one of them is not loaded
   */
  #lineUp(view, y, darkest) {
    const { taps, first, weight } = this.#down;
    for (let t = 0; t < taps; t++) {
      const row = first[y] + t;
      if (weight[y * taps + t] === 0) continue;
      if (view.pixelsOf(row) === null) return false;
      const line = this.#lines[row % taps];
      if (line.row !== row) this.#measureRow(view, row, line, darkest);
    }
    this.#sampleLines(view, y);
    return true;
  }

  /**
   * @param {import("./planes.js").PlaneView} view
   * @param {number} row
   * @param {Line} line       written: where the row is not darkest
   * @param {number} darkest  HU: it and all below look the same
   */
  #measureRow(view, row, line, darkest) {
    const { taps, first } = this.#across;
    const pixels = view.pixelsOf(row);
    const { step, columns } = view;
    const start = view.offsetOf(row);
    const end = start + columns * step;
    let lit = start;
    while (lit < end && pixels[lit] <= darkest) lit += step;
    let last = end - step;
    while (last > lit && pixels[last] <= darkest) last -= step;
    line.row = row;
    line.from = line.to = 0;
    line.left = lit === end ? line.entries.length : lowerBound(first, (lit - start) / step - taps + 1);
    line.right = lit === end ? 0 : lowerBound(first, (last - start) / step + 1);
  }

  /** Have the lines of screen row y sampled wherever one of them is not darkest. */
  #sampleLines(view, y) {
    const { taps, first, weight } = this.#down;
    this.#left = this.#across.first.length;
    this.#right = 0;
    for (let t = 0; t < taps; t++) {
      if (weight[y * taps + t] === 0) continue;
      const line = this.#lines[(first[y] + t) % taps];
      this.#left = Math.min(this.#left, line.left);
      this.#right = Math.max(this.#right, line.right);
    }
    for (let t = 0; t < taps && this.#left < this.#right; t++) {
      if (weight[y * taps + t] === 0) continue;
      this.#extend(view, this.#lines[(first[y] + t) % taps]);
    }
  }

  /** @param {Line} line  sampled from here on where the screen row is not darkest */
  #extend(view, line) {
    const sample = (from, to) => {
      if (from >= to) return;
      this.#read(view, line.row, from, to);
      sampleLine(this.#pixels, this.#across, line.entries, from, to);
    };
    if (line.from >= line.to) line.from = line.to = this.#left;
    sample(this.#left, line.from);
    sample(line.to, this.#right);
    line.from = Math.min(line.from, this.#left);
    line.to = Math.max(line.to, this.#right);
  }

  /** Read the pixels of an image row that screen pixels `from` to `to` are made of. */
  #read(view, row, from, to) {
    const { taps, first } = this.#across;
    const { step } = view;
    const pixels = view.pixelsOf(row);
    const entries = this.#pixels;
    const end = first[to - 1] + taps;
    const zero = ZERO + 0.5;
    for (let c = first[from], at = view.offsetOf(row) + c * step; c < end; c++, at += step) {
      entries[c] = pixels[at] * STEPS + zero;
    }
  }

  #mixTwice(y, colors, target, to) {
    const next = to + this.#across.first.length;
    const { first, weight } = this.#down;
    const above = this.#lines[first[y] % 2].entries;
    const below = this.#lines[(first[y] + 1) % 2].entries;
    this.#darken(colors, target, to);
    this.#darken(colors, target, next);
    const shares = [weight[2 * y + 1], weight[2 * y + 3]];
    mixLinesTwice(above, below, shares, this.#left, this.#right, colors.table, target, to, next);
  }

  #mixTwo(y, colors, target, to) {
    const { first, weight } = this.#down;
    const above = this.#lines[first[y] % 2].entries;
    const below = this.#lines[(first[y] + 1) % 2].entries;
    const share = weight[2 * y + 1];
    this.#darken(colors, target, to);
    if (share === 0 || share === 1) {
      paintLine(share === 0 ? above : below, this.#left, this.#right, colors.table, target, to);
    } else {
      mixLines(above, below, share, this.#left, this.#right, colors.table, target, to);
    }
  }

  #mixMany(y, colors, target, to) {
    const { taps, first, weight } = this.#down;
    const sums = this.#sums.fill(0, this.#left, this.#right);
    for (let t = 0; t < taps; t++) {
      const share = weight[y * taps + t];
      if (share !== 0) addLine(this.#lines[(first[y] + t) % taps].entries, share, this.#left, this.#right, sums);
    }
    this.#darken(colors, target, to);
    paintLine(sums, this.#left, this.#right, colors.table, target, to);
  }

  /** Paint what is darkest beside the rest of a row. */
  #darken({ dark }, target, to) {
    target.fill(dark, to, to + this.#left);
    target.fill(dark, to + this.#right, to + this.#across.first.length);
  }
}

/**
 * @param {Axis} down
 * @returns {Uint8Array} 1 where a screen row and the next both lie between the same two image rows
 */
function pairsOf({ taps, first, weight }) {
  const pairs = new Uint8Array(first.length);
  if (taps !== 2) return pairs;
  for (let y = 0; y + 1 < first.length; y++) {
    const shares = weight.subarray(2 * y, 2 * y + 4);
    pairs[y] = Number(first[y + 1] === first[y] && shares.every((share) => share > 0));
  }
  return pairs;
}

/**
 * @param {Int32Array} ascending
 * @param {number} value
 * @returns {number} where the first is that is not below the value
 */
function lowerBound(ascending, value) {
  let low = 0;
  let high = ascending.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ascending[middle] < value) low = middle + 1;
    else high = middle;
  }
  return low;
}

/**
 * @param {Float64Array} pixels
 * @param {Axis} across
 * @param {Float64Array} entries  written
 * @param {number} from
 * @param {number} to
 */
function sampleLine(pixels, { taps, first, weight }, entries, from, to) {
  if (taps === 1) {
    for (let x = from; x < to; x++) entries[x] = pixels[first[x]];
  } else if (taps === 2) {
    for (let x = from; x < to; x++) {
      const at = first[x];
      const entry = pixels[at];
      entries[x] = entry + (pixels[at + 1] - entry) * weight[2 * x + 1];
    }
  } else {
    for (let x = from, w = from * taps; x < to; x++, w += taps) {
      const at = first[x];
      let entry = pixels[at] * weight[w] + pixels[at + 1] * weight[w + 1] + pixels[at + 2] * weight[w + 2];
      for (let t = 3; t < taps; t++) entry += pixels[at + t] * weight[w + t];
      entries[x] = entry;
    }
  }
}

/**
 * @param {Float64Array} entries
 * @param {number} from
 * @param {number} end
 * @param {Uint32Array} table
 * @param {Uint32Array} target
 * @param {number} to
 */
function paintLine(entries, from, end, table, target, to) {
  for (let x = from; x < end; x++) target[to + x] = table[entries[x] | 0];
}

/**
 * @param {Float64Array} above
 * @param {Float64Array} below
 * @param {number} share  of the line below
 * @param {number} from
 * @param {number} end
 * @param {Uint32Array} table
 * @param {Uint32Array} target
 * @param {number} to
 */
function mixLines(above, below, share, from, end, table, target, to) {
  for (let x = from; x < end; x++) {
    const entry = above[x];
    target[to + x] = table[(entry + (below[x] - entry) * share) | 0];
  }
}

/** As mixLines, into two rows of the target: what both are made of is read once. */
function mixLinesTwice(above, below, [share, share2], from, end, table, target, to, to2) {
  for (let x = from; x < end; x++) {
    const entry = above[x];
    const more = below[x] - entry;
    target[to + x] = table[(entry + more * share) | 0];
    target[to2 + x] = table[(entry + more * share2) | 0];
  }
}

/**
 * @param {Float64Array} entries
 * @param {number} share
 * @param {number} from
 * @param {number} end
 * @param {Float64Array} sums  added to
 */
function addLine(entries, share, from, end, sums) {
  for (let x = from; x < end; x++) sums[x] += entries[x] * share;
}

/**
 * Paint in a window's colours what was sampled in plainColors.
 *
 * @param {Uint16Array} sampled
 * @param {number} columns
 * @param {Lit} lit        where it is not all dark
 * @param {Lit} area       that is painted, the lit one in it; around it the target is dark already
 * @param {import("./window.js").Colors} colors
 * @param {Uint32Array} target
 */
export function recolor(sampled, columns, lit, area, { table, dark, absent }, target) {
  for (let y = area.top; y < area.bottom; y++) {
    const to = y * columns;
    if (y < lit.top || y >= lit.bottom) {
      target.fill(dark, to + area.left, to + area.right);
      continue;
    }
    target.fill(dark, to + area.left, to + lit.left);
    for (let at = to + lit.left; at < to + lit.right; at++) {
      const entry = sampled[at];
      if (entry === PLAIN_ABSENT) target[at] = absent;
      else target[at] = table[PLAIN_FROM + entry];
    }
    target.fill(dark, to + lit.right, to + area.right);
  }
}
