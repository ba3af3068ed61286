/** Copies an invitation link. Without this script, or without a clipboard, the link is there to be selected. */

for (const button of document.querySelectorAll("[data-copy]")) {
  const input = document.getElementById(button.dataset.copy);
  const said = document.querySelector("[data-copied]");
  input.addEventListener("focus", () => input.select());
  button.hidden = false;
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(input.value);
      said.textContent = "Copied.";
    } catch {
      input.focus();
      said.textContent = "This browser does not allow copying from here: press Ctrl+C.";
    }
  });
}
