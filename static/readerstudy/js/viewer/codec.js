/**
 * The slice format of readerstudy/domain/slice_packs.py, after the browser has undone its gzip.
 *
 * Tested against tests/vectors/slice_codec.json, as the Python side is.
 */

/**
 * Undo byte planes, zigzag and left-neighbour difference.
 *
 * @param {Uint8Array} planes     every pixel's low byte, then every pixel's high byte
 * @param {number} pixelCount     rows x columns
 * @returns {Int16Array} Hounsfield units in raster order
 * @throws {RangeError} if the bytes are not those of so many pixels
 */
export function unfilterSlice(planes, pixelCount) {
  if (planes.length !== 2 * pixelCount) {
    throw new RangeError(`A slice of ${pixelCount} pixels has ${2 * pixelCount} bytes, not ${planes.length}.`);
  }
  const pixels = new Int16Array(pixelCount);
  let value = 0;
  for (let p = 0; p < pixelCount; p++) {
    const zigzag = planes[p] | (planes[p + pixelCount] << 8);
    value = (value + ((zigzag >>> 1) ^ -(zigzag & 1))) | 0;
    pixels[p] = value; // the array keeps the low 16 bits: modulo 65,536
  }
  return pixels;
}
