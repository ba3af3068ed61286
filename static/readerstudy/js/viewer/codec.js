/**
 * Slices as the server sends them: the format of readerstudy/domain/slice_packs.py, after the browser has undone its gzip.
 *
 * Browsers do not look at gzip's own checksum, and take a member that was cut for a whole one: the checksum
 * inside is what finds damage. Tested against tests/vectors/slice_codec.json, as the Python side is.
 */

const TIMEOUT_MS = 20_000;
const CHECKSUM_BYTES = 4;
const ADLER_MODULUS = 65521;
const ADLER_RUN = 3800; // so many bytes can be added before the sums leave 31 bits

/**
 * Undo byte planes, zigzag and left-neighbour difference.
 *
 * @param {Uint8Array} content    every pixel's low byte, then every pixel's high byte, then their Adler-32
 * @param {number} pixelCount     rows x columns
 * @returns {Int16Array} Hounsfield units in raster order
 * @throws {RangeError} if the bytes are not those of so many pixels, or are damaged
 */
export function unfilterSlice(content, pixelCount) {
  const length = 2 * pixelCount + CHECKSUM_BYTES;
  if (content.length !== length) {
    throw new RangeError(`A slice of ${pixelCount} pixels has ${length} bytes, not ${content.length}.`);
  }
  const planes = content.subarray(0, 2 * pixelCount);
  const stored = new DataView(content.buffer, content.byteOffset + planes.length).getUint32(0, true);
  if (adler32(planes) !== stored) throw new RangeError("The slice is damaged: its checksum is another.");
  const pixels = new Int16Array(pixelCount);
  let value = 0;
  for (let p = 0; p < pixelCount; p++) {
    const zigzag = planes[p] | (planes[p + pixelCount] << 8);
    value = (value + ((zigzag >>> 1) ^ -(zigzag & 1))) | 0;
    pixels[p] = value; // the array keeps the low 16 bits: modulo 65,536
  }
  return pixels;
}

/**
 * @param {Uint8Array} bytes
 * @returns {number} their checksum (RFC 1950, 8.2)
 */
export function adler32(bytes) {
  let a = 1;
  let b = 0;
  for (let at = 0; at < bytes.length; ) {
    const end = Math.min(at + ADLER_RUN, bytes.length);
    for (; at < end; at++) {
      a += bytes[at];
      b += a;
    }
    a %= ADLER_MODULUS;
    b %= ADLER_MODULUS;
  }
  return ((b << 16) | a) >>> 0;
}

/**
 * Fetch one slice and un-filter it: the first of a page by itself, all others in workers.
 *
 * @param {string} url
 * @param {number} pixelCount
 * @returns {Promise<{pixels?: Int16Array, failure?: number | "unreachable" | "damaged"}>} why it could not be had whole:
 *   the HTTP status; "unreachable" when no answer came; "damaged" when it was cut short or is not what was stored
 */
export async function fetchSlice(url, pixelCount) {
  let failure = /** @type {number | "unreachable" | "damaged"} */ ("unreachable");
  try {
    const response = await fetch(url, { redirect: "error", signal: AbortSignal.timeout(TIMEOUT_MS) });
    failure = response.ok ? "damaged" : response.status;
    if (!response.ok) return { failure };
    return { pixels: unfilterSlice(new Uint8Array(await response.arrayBuffer()), pixelCount) };
  } catch {
    return { failure };
  }
}
