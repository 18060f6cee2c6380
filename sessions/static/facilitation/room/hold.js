// Turning the screen back takes a whole second of holding, by pointer or by key; a click does nothing.
// Without this file the page has a plain button instead.
"use strict";

(() => {
  const HOLD_MS = 1000;
  const form = document.querySelector("[data-hold-form]");
  const button = form?.querySelector("[data-hold]");
  if (!button) return;
  const code = form.querySelector("[name=code]");
  let timer = null;
  let held = false;
  button.hidden = false;

  function begin() {
    if (timer !== null) return;
    button.toggleAttribute("data-held", true);
    timer = setTimeout(done, HOLD_MS);
  }

  function release() {
    clearTimeout(timer);
    timer = null;
    button.toggleAttribute("data-held", false);
  }

  function done() {
    release();
    if (code && !code.value) return code.focus();
    held = true;
    document.body.toggleAttribute("data-blank", true);
    form.requestSubmit();
  }

  form.addEventListener("submit", (event) => {
    if (held) return;
    event.preventDefault();
    button.focus();
  });
  button.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    // The finger may drift, or the page may settle under it; only letting go ends the hold.
    button.setPointerCapture(event.pointerId);
    begin();
  });
  for (const end of ["pointerup", "lostpointercapture", "pointercancel", "blur"]) button.addEventListener(end, release);
  button.addEventListener("contextmenu", (event) => event.preventDefault());

  // Space or Enter on the button, or T anywhere: the key that turned the screen turns it back.
  const isHold = (event) => (event.target === button ? [" ", "Enter"].includes(event.key) : false) ||
    (event.key.toLowerCase() === "t" && !event.target.closest("input, textarea, select"));
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !isHold(event)) return;
    event.preventDefault();
    if (!event.repeat) begin();
  });
  document.addEventListener("keyup", release);
  addEventListener("blur", release);
  addEventListener("pageshow", () => document.body.removeAttribute("data-blank"));
})();
