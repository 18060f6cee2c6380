// A paper prints by itself when it is opened with ?print, at the press of its button, or with the key p.
// On the page of a session that is over, p goes to the sheet at the door, which then prints itself.
"use strict";

(() => {
  const button = document.querySelector("[data-print]");
  const sheet = document.querySelector("[data-print-sheet]");
  if (!button && !sheet) return;
  button?.addEventListener("click", (event) => {
    event.preventDefault();
    window.print();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.key.toLowerCase() !== "p") return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    event.preventDefault();
    if (sheet) sheet.click();
    else window.print();
  });
  // The face must be there first: a sheet set in another one is another sheet.
  if (button && new URLSearchParams(location.search).has("print")) {
    window.addEventListener("load", () => document.fonts.ready.then(() => window.print()));
  }
})();
