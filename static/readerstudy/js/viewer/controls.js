/** Everything by which a viewer is worked: no image needs it to be seen. */
import { Help } from "./help.js";
import { PaneInput } from "./input.js";
import { listenToKeys } from "./keys.js";
import { Toolbar } from "./toolbar.js";

/**
 * @param {HTMLElement} root  the viewer's
 * @param {import("./main.js").Viewer} viewer
 * @param {import("./help.js").HelpSection | null} [help]  what the page adds to the help
 */
export function addControls(root, viewer, help = null) {
  const toolbar = new Toolbar(root, viewer);
  const dialog = new Help(root.querySelector("[data-control=help-dialog]"), help);
  for (const pane of viewer.panes) new PaneInput(viewer, pane);
  listenToKeys(viewer);
  const update = () => {
    toolbar.update(viewer.settings);
    dialog.showMouse(viewer.preferences.mouse);
  };
  viewer.addEventListener("drawn", update);
  viewer.addEventListener("help", () => dialog.open());
  update();
}
