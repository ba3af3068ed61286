/** What a reader sets once and finds again: kept by the page around the viewer, checked here. */

/**
 * @typedef {object} Preferences
 * @property {"window" | "swap" | "scroll"} mouse  what a left drag does; see MOUSE_MAPS
 * @property {"axial" | "one-two" | "three"} layout
 * @property {boolean} smooth     false: single pixels
 * @property {boolean} crosshair  shown in the layouts of several planes
 * @property {number} cineRate    images a second
 */

const CHOICES = {
  mouse: ["window", "swap", "scroll"],
  layout: ["axial", "one-two", "three"],
  smooth: [true, false],
  crosshair: [true, false],
  cineRate: [10, 5, 15, 20, 30],
};

/** @param {string} name */
export function choicesOf(name) {
  return CHOICES[name];
}

/**
 * @param {any} stored  whatever was kept
 * @returns {Preferences} the known of them; the first choice for what is missing or is none of the choices
 */
export function readPreferences(stored) {
  const chosen = Object.entries(CHOICES).map(([name, choices]) => {
    const value = stored !== null && typeof stored === "object" ? stored[name] : undefined;
    return [name, choices.some((choice) => choice === value) ? value : choices[0]];
  });
  return Object.fromEntries(chosen);
}
