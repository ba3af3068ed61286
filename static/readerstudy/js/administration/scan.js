/** Shows an imported scan in the viewer as soon as a worker has prepared it. */
import { addControls } from "../viewer/controls.js";
import { Viewer } from "../viewer/main.js";

const POLL_EVERY_MS = 1_000;

/** @typedef {{state: "ready" | "waiting" | "failed", error?: string, item?: import("../viewer/loader.js").CaseItem}} Preview */

const box = /** @type {HTMLElement} */ (document.querySelector("[data-preview-url]"));
const status = box.querySelector("[data-status]");
const root = /** @type {HTMLElement} */ (box.querySelector("[data-part=viewer]"));
const viewer = new Viewer(root);
addControls(root, viewer);

/** @returns {Promise<Preview>} */
async function fetchPreview() {
  const response = await fetch(box.dataset.previewUrl, { headers: { Accept: "application/json" }, redirect: "error" });
  if (!response.ok) throw new Error(`answered ${response.status}`);
  return response.json();
}

async function follow() {
  try {
    const preview = await fetchPreview();
    if (preview.state === "ready") {
      box.dataset.ready = "";
      status.textContent = "";
      viewer.show(preview.item, null);
      return;
    }
    if (preview.state === "failed") {
      status.textContent = preview.error;
      return;
    }
    status.textContent = "Preparing the images…";
  } catch {
    status.textContent = "The server can’t be reached or you are logged out; trying again.";
  }
  setTimeout(follow, POLL_EVERY_MS);
}

// Slices that the server no longer has were making room for newer ones: they are made again.
viewer.addEventListener("refused", () => {
  delete box.dataset.ready;
  follow();
});
follow();
