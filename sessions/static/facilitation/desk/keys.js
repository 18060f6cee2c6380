// One key for what is done most. Keys rest while a field has the focus or a form is open, and can be switched off
// for good.
"use strict";

(() => {
  const desk = document.querySelector("[data-desk]");
  const help = document.getElementById("keys");
  const on = document.getElementById("keys-on");
  const KEPT = "desk-keys";

  on.checked = localStorage.getItem(KEPT) !== "off";
  on.addEventListener("change", () => localStorage.setItem(KEPT, on.checked ? "on" : "off"));

  function showHelp() {
    if (help.open) return;
    help.showModal();
    // From the top: what is used most stands first.
    help.querySelector("h2").focus();
    help.scrollTop = 0;
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
      const form = arm.querySelector("form");
      if (arm.open) return form.requestSubmit(form.querySelector("button"));
      arm.open = true;
      // The second press still works, and Tab begins at the first field.
      form.focus({ preventScroll: true });
    } else if (arm) {
      arm.open = !arm.open;
      if (!arm.open) return;
      lastOpened = arm;
      firstField(arm)?.focus();
    } else if (target.matches("input, textarea")) {
      target.focus();
    } else {
      target.click();
    }
  }

  const WORDS = ":is(textarea, input:not([type=hidden], [type=radio], [type=checkbox], [type=number], [type=date]))";

  // Where typing begins: the words. Whose they are is chosen with 1, 2 or 0 before the first letter.
  function firstField(card) {
    return firstWords(card) ?? card.querySelector(":scope > .card-body :is(summary, button)");
  }
  function firstWords(fold) {
    return [...fold.querySelectorAll(WORDS)].find((field) => field.closest("details") === fold && field.checkVisibility());
  }

  // However a fold with words in it is opened, the cursor goes there: what is typed next lands nowhere else.
  let lastOpened = null;
  desk.addEventListener("click", (event) => {
    const fold = event.target.closest("summary")?.parentElement;
    if (!fold || fold.open || fold.classList.contains("arm")) return;
    lastOpened = fold;
    // Once the browser has opened it.
    setTimeout(() => { if (fold.open) firstWords(fold)?.focus(); });
  });

  // A form that stands open, though the focus has left it: letters are words for it, not keys of the desk.
  function openForm() {
    const open = [...desk.querySelectorAll("details[open]:not(.arm)")].filter(firstWords);
    return open.includes(lastOpened) ? lastOpened : open.at(-1);
  }

  const WHOSE = { 1: "A", 2: "B", 0: "both" };
  function choosesOwner(event) {
    const field = event.target;
    if (!(event.key in WHOSE) || !field.matches(WORDS) || field.value !== "") return false;
    const owner = field.closest("form")?.querySelector(`input[type=radio][name=by][value=${WHOSE[event.key]}]`);
    if (owner) owner.checked = true;
    return Boolean(owner);
  }

  function typedIn(card) {
    return [...card.querySelectorAll("textarea, input:not([type=hidden], [type=radio], [type=checkbox])")].some((field) => field.value !== field.defaultValue);
  }

  // In a fold of its own, words are sent by the button of that fold where it has one.
  function nearest(button, field) {
    const fold = field.closest("details");
    return !fold?.querySelector("button") || fold.contains(button);
  }

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") {
      const refused = help.open ? null : desk.querySelector("[data-refusal]");
      if (refused) {
        refused.remove();
        // Back to the words that wait in their card.
        const card = [...desk.querySelectorAll(".capture-card[open]")].find(typedIn);
        if (card) firstField(card)?.focus();
        return;
      }
      for (const arm of desk.querySelectorAll(".arm[open]")) arm.open = false;
      for (const card of desk.querySelectorAll(".capture-card[open]")) if (!typedIn(card)) card.open = false;
      event.target.blur?.();
      return;
    }
    // Enter sends a card; Shift+Enter begins a new line.
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing && event.target.matches("textarea")) {
      const form = event.target.closest("form");
      const send = [...form.querySelectorAll("button[type=submit], button:not([type])")].find((one) => !one.disabled && nearest(one, event.target));
      if (!send) return;
      event.preventDefault();
      return form.requestSubmit(send);
    }
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || help.open) return;
    if (choosesOwner(event)) return event.preventDefault();
    if (event.target.closest("input, textarea, select, [contenteditable]")) return;
    const form = openForm();
    if (form && /^\p{L}$/u.test(event.key)) return firstWords(form).focus();
    if (event.key === "?") return showHelp();
    if (!on.checked) return;
    // Space and Enter on a focused control mean that control. Not in the box that says not yet: the focus was put
    // there, not sought, and Space is the pause, from anywhere, in one press. Enter presses what it offers.
    const sought = event.target.closest("button, a, summary");
    const put = event.target.closest("[data-refusal]");
    if (event.key === " " && sought && !put) return;
    const key = event.key === "=" ? "+" : event.key.toLowerCase();
    const all = [...desk.querySelectorAll(`[data-key="${CSS.escape(key)}"], [data-key-also="${CSS.escape(key)}"]`)];
    const target = all.find((one) => one.checkVisibility() && !one.disabled);
    if (!target) return;
    event.preventDefault();
    if (put) sought?.blur();
    press(target);
  });
})();
