/** The dialogs over the room: a pause that covers the images, and a report of a problem. */

/**
 * @param {HTMLDialogElement} dialog  covers everything while it is open; its data-key closes it
 * @param {(paused: boolean) => void} onChange
 * @returns {() => void} pauses
 */
export function pauseWith(dialog, onChange) {
  dialog.addEventListener("close", () => onChange(false));
  dialog.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== dialog.dataset.key || event.repeat) return;
    event.stopPropagation(); // or the page, seeing no dialog, would pause again
    dialog.close();
  });
  return () => {
    dialog.showModal();
    onChange(true);
  };
}

/**
 * @param {HTMLDialogElement} dialog  holds a form of method dialog with a textarea and a button of value "cancel"
 * @param {(text: string) => void} onReport
 * @returns {() => void} opens it
 */
export function reportWith(dialog, onReport) {
  const form = dialog.querySelector("form");
  const text = dialog.querySelector("textarea");
  form.addEventListener("submit", () => {
    if (text.value.trim()) onReport(text.value.trim());
    form.reset();
  });
  dialog.querySelector("[data-cancel]").addEventListener("click", () => dialog.close());
  return () => dialog.showModal();
}
