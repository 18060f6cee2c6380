// A paper prints by itself when it is opened with ?print, at the press of its button, or with the key p.
"use strict";

(() => {
  const button = document.querySelector("[data-print]");
  button?.addEventListener("click", (event) => {
    event.preventDefault();
    window.print();
  });
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.key.toLowerCase() !== "p") return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    event.preventDefault();
    window.print();
  });
  // The face must be there first: a sheet set in another one is another sheet.
  if (new URLSearchParams(location.search).has("print")) {
    window.addEventListener("load", () => document.fonts.ready.then(() => window.print()));
  }
})();
