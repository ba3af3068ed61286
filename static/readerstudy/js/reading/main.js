/** The way into the reading room: its first case is on the screen before what answers it is loaded. */
import { Viewer } from "../viewer/main.js";

const ALONE_MS = 250; // so long the first image has the processor to itself, unless it is painted before
const RELOAD_AFTER_MS = 3000;
const NOT_LOADED = "This page could not be loaded whole. Trying again.";

/** @param {string} id  of what the server wrote into the page */
const given = (id) => JSON.parse(document.getElementById(id).textContent);

/** @param {Viewer} viewer */
function firstImage(viewer) {
  return new Promise((seen) => {
    viewer.addEventListener("painted", () => requestAnimationFrame(() => setTimeout(seen)), { once: true });
    setTimeout(seen, ALONE_MS);
  });
}

/** @param {HTMLElement} root */
async function loadRest(root) {
  try {
    return await import("./room.js");
  } catch (error) {
    console.error(error);
    root.querySelector("[data-part=notice]").textContent = NOT_LOADED;
    setTimeout(() => location.reload(), RELOAD_AFTER_MS);
    return null;
  }
}

/** @param {HTMLElement} root */
async function open(root) {
  const state = given("state");
  const viewer = new Viewer(root.querySelector("[data-part=viewer]"), { preferences: given("preferences") });
  if (state.case) viewer.show(state.case, state.next);
  await firstImage(viewer);
  const rest = await loadRest(root);
  if (!rest) return;
  new rest.ReadingRoom(root, viewer).start(state);
  root.dataset.ready = "";
}

open(document.querySelector("[data-state-url]"));
