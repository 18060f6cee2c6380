// One key for what is done most. Keys rest while a field has the focus, and can be switched off for good.
"use strict";

(() => {
  const desk = document.querySelector("[data-desk]");
  const help = document.getElementById("keys");
  const on = document.getElementById("keys-on");
  const KEPT = "desk-keys";

  on.checked = localStorage.getItem(KEPT) !== "off";
  on.addEventListener("change", () => localStorage.setItem(KEPT, on.checked ? "on" : "off"));

  function showHelp() {
    if (!help.open) help.showModal();
  }
  function offerHelp() {
    const button = desk.querySelector("[data-keys-help]");
    if (button) button.hidden = false;
  }
  desk.addEventListener("click", (event) => {
    if (event.target.closest("[data-keys-help]")) showHelp();
  });
  desk.addEventListener("swapped", offerHelp);
  offerHelp();

  function press(target) {
    const arm = target.matches("summary") ? target.parentElement : null;
    if (arm?.classList.contains("arm")) {
      if (arm.open) arm.querySelector("form").requestSubmit(arm.querySelector("form button"));
      else arm.open = true;
    } else if (arm) {
      arm.open = true;
      firstField(arm)?.focus();
    } else {
      target.click();
    }
  }

  // Where typing begins: the words, unless it is not yet said whose they are.
  function firstField(card) {
    const whose = card.querySelector("input[type=radio]");
    if (whose && !card.querySelector(`input[name="${whose.name}"]:checked`)) return whose;
    return card.querySelector("textarea, input:not([type=hidden], [type=radio], [type=checkbox])");
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      for (const arm of desk.querySelectorAll(".arm[open]")) arm.open = false;
      if (event.target.matches("input, textarea, select")) event.target.blur();
      return;
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || help.open) return;
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    if (event.key === "?") return showHelp();
    if (!on.checked) return;
    // Space and Enter on a focused control mean that control.
    if (event.key === " " && event.target.closest("button, a, summary")) return;
    const key = event.key === "=" ? "+" : event.key.toLowerCase();
    const target = desk.querySelector(`[data-key="${CSS.escape(key)}"]`);
    if (!target || target.disabled) return;
    event.preventDefault();
    press(target);
  });
})();
