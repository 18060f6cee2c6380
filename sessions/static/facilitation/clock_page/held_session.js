// Just the clock: the lines of the hour live in `list`, in this page's memory and nowhere else. Each press sends them
// along and comes back with one more. No storage, no history entry, no navigation; a reload forgets everything.
"use strict";

(() => {
  const desk = document.querySelector("[data-desk]");
  const begin = document.querySelector("[data-clock-begin]");
  const keep = document.querySelector("[data-keep-form]");
  const token = begin.querySelector("[name=csrfmiddlewaretoken]").value;
  let list = "";
  let queue = Promise.resolve();

  // What is typed must not be remembered for a later visit: Chromium keeps form fields on disk unless the form says no.
  function forgetful(place) {
    for (const field of place.querySelectorAll("form, input, textarea, select")) field.setAttribute("autocomplete", "off");
  }

  async function sent(url, fields) {
    const headers = { "Content-Type": "application/json", "X-CSRFToken": token, "X-Requested-With": "desk" };
    const body = JSON.stringify({ list, fields: fields.filter(([name]) => name !== "csrfmiddlewaretoken") });
    const answer = await fetch(url, { method: "POST", body, headers, cache: "no-store" });
    // Signed out, or something unforeseen: what is held stays held.
    if (answer.redirected || !answer.headers.get("Content-Type")?.startsWith("application/json")) throw new Error("no answer");
    return [answer, await answer.json()];
  }

  // Each press carries the list the one before it came back with, so they wait for one another.
  function inTurn(act) {
    const mine = queue.then(act);
    queue = mine.catch(() => {});
    return mine;
  }

  function say(place, words) {
    place.textContent = words ?? "";
    place.hidden = !words;
  }

  // What live.js asks instead of the network: a press, or (without a body) a look or the list behind More.
  function ask(url, how) {
    return inTurn(async () => {
      const wanted = url === "more" ? "more" : "look";
      const fields = how.body ? [...how.body.entries()] : [["kind", wanted]];
      const [answer, came] = await sent(desk.dataset.press, fields);
      say(document.querySelector("[data-held-word]"), came.words);
      // All of it, or only the lines that are new.
      if (came.list) list = came.list;
      if (came.added) list += came.added;
      return new Response(came.html ?? "", { status: came.html ? answer.status : 503, headers: { "X-Now": answer.headers.get("X-Now") ?? "" } });
    });
  }
  // fresh.js asks before it reloads: with nothing held there is nothing to lose.
  window.held = { ask, holds: () => list !== "" };

  // Beginning

  begin.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (list || begin.dataset.sending) return;
    begin.dataset.sending = "yes";
    try {
      const [answer, came] = await inTurn(() => sent(begin.action, [...new FormData(begin).entries()]));
      if (!answer.ok) return say(document.querySelector("[data-held-word]"), came.words);
      list = came.list;
      opened(came.html, answer);
    } catch {
      say(document.querySelector("[data-held-word]"), desk.dataset.wordUnsent);
    } finally {
      delete begin.dataset.sending;
    }
  });

  function opened(html, answer) {
    const page = new DOMParser().parseFromString(html, "text/html").querySelector("[data-desk]");
    desk.replaceChildren(...[...page.childNodes].map((one) => document.adoptNode(one)));
    for (const place of document.querySelectorAll("[data-before], .masthead")) place.hidden = true;
    document.querySelector("h1").classList.add("out-of-sight");
    desk.hidden = false;
    document.querySelector("[data-after]").hidden = false;
    document.body.classList.add("desk-page");
    document.getElementById("main").classList.add("desk-main");
    desk.dispatchEvent(new CustomEvent("swapped"));
    countdown.hear(Date.parse(answer.headers.get("X-Now")));
    scrollTo(0, 0);
  }

  // Keeping

  const cards = document.getElementById("keep");
  document.addEventListener("click", (event) => {
    if (event.target.closest("[data-keep]")) {
      // Nobody sees what the one before them said.
      for (const card of cards.querySelectorAll("details[open]")) card.open = false;
      cards.showModal();
    }
    if (event.target.closest("[data-keep-not]")) cards.close();
  });
  // The desk's keys rest while the cards are open.
  cards.addEventListener("keydown", (event) => event.stopPropagation());

  keep.addEventListener("submit", async (event) => {
    event.preventDefault();
    if (keep.dataset.sending) return;
    keep.dataset.sending = "yes";
    const word = keep.querySelector("[data-keep-word]");
    try {
      const [, came] = await inTurn(() => sent(keep.action, [...new FormData(keep).entries()]));
      if (came.cards) {
        const both = keep.querySelector("[data-cards]");
        both.innerHTML = came.cards;
        forgetful(both);
        both.querySelector("[aria-invalid=true]")?.focus();
      }
      say(word, came.words);
      if (!came.to) return;
      list = "";
      keep.reset();
      location.replace(came.to);
    } catch {
      say(word, desk.dataset.wordUnsent);
    } finally {
      delete keep.dataset.sending;
    }
  });

  desk.addEventListener("swapped", () => forgetful(desk));
  forgetful(document);
  for (const button of document.querySelectorAll("[data-needs-script]")) button.disabled = false;
  addEventListener("beforeunload", (event) => {
    if (list) event.preventDefault();
  });
})();
