/** Says before sending that an archive is too large, and while sending that it takes its time. */

const input = /** @type {HTMLInputElement} */ (document.querySelector("input[type=file][data-max-mb]"));
const status = document.querySelector("[data-upload]");
const form = input.form;
const MEGABYTE = 1024 ** 2;

function tooLarge() {
  const [file] = input.files;
  return file !== undefined && file.size > Number(input.dataset.maxMb) * MEGABYTE;
}

input.addEventListener("change", () => {
  input.setCustomValidity(tooLarge() ? `The archive is larger than ${input.dataset.maxMb} MB.` : "");
  input.reportValidity();
});

// Before the script that lets a form be sent once.
form.addEventListener(
  "submit",
  (event) => {
    if (tooLarge()) {
      event.preventDefault();
      event.stopImmediatePropagation();
      input.reportValidity();
      return;
    }
    status.textContent = "Sending the archive; keep this page open until the next one appears.";
  },
  { capture: true },
);
