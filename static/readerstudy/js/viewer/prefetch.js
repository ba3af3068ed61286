/** Which slice to fetch next, and how long to wait after a failure. Pure functions. */

const FIRST_RETRY_MS = 500;
const LONGEST_RETRY_MS = 10_000;

/**
 * @param {number} center   the slice the reader looks at
 * @param {number} count    slices in the volume
 * @param {(slice: number) => boolean} isWanted
 * @returns {number | null} the wanted slice nearest to the center, the next one before the previous one
 */
export function nearestWanted(center, count, isWanted) {
  for (let distance = 0; distance < count; distance++) {
    for (const slice of [center + distance, center - distance]) {
      if (slice >= 0 && slice < count && isWanted(slice)) return slice;
    }
  }
  return null;
}

/**
 * @param {number} failures  how often it has failed, at least once
 * @returns {number} milliseconds: doubling, up to a bound
 */
export function retryDelayMs(failures) {
  return Math.min(LONGEST_RETRY_MS, FIRST_RETRY_MS * 2 ** (failures - 1));
}
