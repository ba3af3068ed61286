/** The viewer's controls: each does what a key does, and shows what is set. */
import { choicesOf } from "./display.js";
import { setChanged } from "./pane.js";
import { THICKNESSES_MM } from "./planes.js";
import { PRESETS, presetOf } from "./window.js";

const SLAB_MODES = { average: "Average", mip: "MIP" };

export class Toolbar {
  #root;
  #viewer;
  /** @type {Record<string, HTMLElement>} by data-control */
  #controls = {};
  #shown = "";

  /**
   * @param {HTMLElement} root  the viewer's, with elements with data-control
   * @param {import("./main.js").Viewer} viewer
   */
  constructor(root, viewer) {
    this.#root = root;
    this.#viewer = viewer;
    this.#fillLists();
    this.#connect();
  }

  /** @param {string} name */
  control(name) {
    this.#controls[name] ??= this.#root.querySelector(`[data-control=${name}]`);
    return this.#controls[name];
  }

  /**
   * @param {object} shown
   * @param {{center: number, width: number}} shown.window
   * @param {import("./planes.js").Slab} shown.slab
   * @param {import("./display.js").Preferences} shown.preferences
   * @param {string | null} shown.tool  what the next press is for
   * @param {boolean} shown.playing
   */
  update(shown) {
    const key = JSON.stringify(shown);
    if (key === this.#shown) return;
    this.#shown = key;
    const { window: { center, width }, slab, preferences, tool, playing } = shown;
    const preset = presetOf(center, width);
    setChanged(this.#select("window").options[0], { text: `Window ${width} / ${center}` });
    this.#choose("window", preset?.key ?? "");
    this.#choose("slab", slab.mode === "off" ? "off" : `${slab.mode} ${slab.thicknessMm}`);
    this.#choose("cine-rate", String(preferences.cineRate));
    this.#choose("mouse", preferences.mouse);
    this.#choose("sampling", preferences.smooth ? "smooth" : "nearest");
    for (const layout of choicesOf("layout")) this.#press(`layout-${layout}`, preferences.layout === layout);
    this.#press("crosshair", preferences.crosshair);
    this.#press("ruler", tool === "ruler");
    this.#press("cine", playing);
    setChanged(this.#root.dataset, { tool: tool ?? "" });
    setChanged(this.control("crosshair"), { hidden: preferences.layout === "axial" });
  }

  #fillLists() {
    const windows = PRESETS.map(({ key, name, center, width }) => [key, `${key}  ${name}  ${width} / ${center}`]);
    this.#select("window").append(...windows.map(([value, text]) => new Option(text, value)));
    for (const [mode, name] of Object.entries(SLAB_MODES)) {
      const group = document.createElement("optgroup");
      group.label = name;
      group.append(...THICKNESSES_MM.map((mm) => new Option(`${name} ${mm} mm`, `${mode} ${mm}`)));
      this.#select("slab").append(group);
    }
    const rates = [...choicesOf("cineRate")].sort((a, b) => a - b);
    this.#select("cine-rate").append(...rates.map((rate) => new Option(`${rate} a second`, String(rate))));
  }

  #connect() {
    const viewer = this.#viewer;
    const actions = {
      ruler: () => viewer.tools.toggleRuler(),
      crosshair: () => viewer.toggleCrosshair(),
      cine: () => viewer.toggleCine(),
      reset: () => viewer.reset(),
      "full-screen": () => viewer.toggleFullScreen(),
      help: () => viewer.showHelp(),
    };
    for (const layout of choicesOf("layout")) actions[`layout-${layout}`] = () => viewer.prefer({ layout });
    for (const [name, act] of Object.entries(actions)) this.control(name).addEventListener("click", act);
    this.#onChoice("window", (key) => {
      const preset = PRESETS.find((one) => one.key === key);
      if (preset) viewer.display.setWindow(preset.center, preset.width);
    });
    this.#onChoice("slab", (value) => {
      const [mode, mm] = value.split(" ");
      viewer.display.setSlab(mode === "off" ? { mode } : { mode, thicknessMm: Number(mm) });
    });
    this.#onChoice("mouse", (mouse) => viewer.prefer({ mouse }));
    this.#onChoice("sampling", (value) => viewer.prefer({ smooth: value === "smooth" }));
    this.#onChoice("cine-rate", (value) => viewer.prefer({ cineRate: Number(value) }));
  }

  /**
   * A list opened with the pointer takes no keys once it is closed; see keys.js.
   *
   * @param {string} name
   * @param {(value: string) => void} choose
   */
  #onChoice(name, choose) {
    const select = this.#select(name);
    select.addEventListener("change", () => choose(select.value));
    select.addEventListener("pointerdown", () => (select.dataset.pointed = ""));
    select.addEventListener("blur", () => delete select.dataset.pointed);
  }

  /** @param {string} name */
  #select(name) {
    return /** @type {HTMLSelectElement} */ (this.control(name));
  }

  /**
   * @param {string} name
   * @param {string} value
   */
  #choose(name, value) {
    const select = this.#select(name);
    if (select.value !== value) select.value = value;
  }

  /**
   * @param {string} name
   * @param {boolean} pressed
   */
  #press(name, pressed) {
    setChanged(this.control(name), { ariaPressed: String(pressed) });
  }
}
