/** What the viewer says in words: over the axial image, in its bar, and to those who hear it. */
import { presetOf } from "./window.js";

const ANNOUNCE_MS = 600; // the slice is spoken when scrolling has rested so long
const CONNECTION_LOST = "The connection is lost. What is loaded can be read on; the rest follows when it is back.";

export class Readout {
  #axial;
  #root;
  #announcing = 0;

  /**
   * @param {import("./pane.js").Pane} axial
   * @param {HTMLElement} root  the viewer's, with elements with data-control
   */
  constructor(axial, root) {
    this.#axial = axial;
    this.#root = root;
  }

  /** @param {boolean} lost */
  tellConnection(lost) {
    this.#write("status", lost ? CONNECTION_LOST : "");
  }

  /**
   * Speak where scrolling has come to, once it rests; of what moves by itself nothing.
   *
   * @param {import("./planes.js").Plane} plane
   * @param {number} index
   * @param {number} count
   * @param {boolean} playing
   */
  announce({ name, normal }, index, count, playing) {
    clearTimeout(this.#announcing);
    if (playing) return;
    const text = `${name} ${normal === 0 ? "slice" : "image"} ${index + 1} of ${count}`;
    this.#announcing = setTimeout(() => this.#write("announce", text), ANNOUNCE_MS);
  }

  /**
   * @param {import("./pane.js").Scene} scene
   * @param {import("./window.js").Window} window
   */
  update({ loading, labels, smooth }, { center, width, inverted }) {
    const preset = presetOf(center, width);
    const name = preset ? `  ${preset.name}` : "";
    this.#axial.write("window", `W ${width}  L ${center}${name}${inverted ? "  inverted" : ""}`);
    this.#axial.write("loading", loadingText(loading));
    this.#axial.tell({
      loaded: loading.volume.loadedCount,
      labels: labels?.volume.loadedCount ?? "",
      windowCenter: center,
      windowWidth: width,
      inverted,
      sampling: smooth ? "smooth" : "nearest",
    });
  }

  /**
   * @param {string} name  of the element with this data-control
   * @param {string} text
   */
  #write(name, text) {
    this.#root.querySelector(`[data-control=${name}]`).textContent = text;
  }
}

/** @param {import("./loading_case.js").LoadingCase} loading */
function loadingText({ volume, failures, refused }) {
  if (volume.complete || refused) return "";
  if (failures.size > 0) return `${failures.size} not loaded, trying again`;
  return `Loading ${volume.loadedCount} / ${volume.slices}`;
}
