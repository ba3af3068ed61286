/**
 * Keeps the progress bar of a case set or an import up to date, and shows the page anew once nothing is left to do.
 * Without this script the page has a link that refreshes it.
 */

const POLL_EVERY_MS = 2_000;
const COUNTS = ["ready", "total", "running", "queued", "failed"];

/** @typedef {{ready: number, total: number, running?: number, queued?: number, failed: number, finished: boolean}} Progress */

/**
 * @param {HTMLElement} box
 * @param {Progress} progress
 */
function show(box, progress) {
  for (const name of COUNTS.filter((count) => count in progress)) {
    box.querySelector(`[data-count="${name}"]`).textContent = String(progress[name]);
  }
  const bar = box.querySelector("progress");
  bar.max = progress.total || 1;
  bar.value = progress.ready;
}

/**
 * @param {string} url
 * @returns {Promise<Progress>}
 */
async function fetchProgress(url) {
  const response = await fetch(url, { headers: { Accept: "application/json" }, redirect: "error" });
  if (!response.ok) throw new Error(`answered ${response.status}`);
  return response.json();
}

/** @param {HTMLElement} box */
async function follow(box) {
  const trouble = box.querySelector("[data-trouble]");
  try {
    const progress = await fetchProgress(box.dataset.progressUrl);
    trouble.textContent = "";
    show(box, progress);
    if (progress.finished) {
      window.location.reload();
      return;
    }
  } catch {
    trouble.textContent = "The server can’t be reached or you are logged out; trying again.";
  }
  setTimeout(() => follow(box), POLL_EVERY_MS);
}

for (const box of document.querySelectorAll("[data-progress-url]")) {
  box.querySelector("[data-refresh]").hidden = true;
  follow(box);
}
