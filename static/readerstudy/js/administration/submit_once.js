/**
 * A double click sends a form marked `data-once` once: the second answer would replace the first, and with it
 * an invitation link that is shown only there.
 */

const forms = /** @type {NodeListOf<HTMLFormElement>} */ (document.querySelectorAll("form[data-once]"));

for (const form of forms) {
  form.addEventListener("submit", (event) => {
    if ("sent" in form.dataset) event.preventDefault();
    form.dataset.sent = "";
  });
}

// Going back shows the page as it was left.
window.addEventListener("pageshow", () => {
  for (const form of forms) delete form.dataset.sent;
});
