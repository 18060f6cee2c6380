// Keeps the desk current. The stream only pokes; on each connect and each poke the desk looks once and swaps the
// parts that changed, never one that is being typed in. A press is answered with the desk as it is then, so this
// page need not look again for what it did itself. Without this file every form is an ordinary POST and redirect.
"use strict";

(() => {
  const desk = document.querySelector("[data-desk]");
  const POLL_MS = 3000;
  const LOOK_LIMIT_MS = 8000;
  // Just the clock: held.js sends the list along, because nobody else has it.
  const ask = window.held?.ask ?? fetch.bind(window);
  let tag = "";
  let looking = false;
  let again = false;
  let polling = null;
  // Tells this page's stream apart from that of another tab, so that its own press does not poke it.
  const tab = random();

  function random() {
    const bytes = crypto.getRandomValues(new Uint8Array(16));
    return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  }

  // Looking

  async function look() {
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    try {
      const headers = { "X-Requested-With": "desk" };
      if (tag) headers["If-None-Match"] = tag;
      const answer = await ask(desk.dataset.fragment, { headers, cache: "no-store", signal: AbortSignal.timeout(LOOK_LIMIT_MS) });
      hearTheTime(answer);
      // Signed out, or the session is not ours any more: the page itself says so.
      if (answer.redirected || answer.status === 404 || answer.status === 401) return location.reload();
      if (answer.status === 200) {
        take(await parsed(answer), null);
        tag = answer.headers.get("ETag") ?? "";
      }
      connected(answer.ok || answer.status === 304);
    } catch {
      connected(false);
    } finally {
      looking = false;
      if (again) {
        again = false;
        look();
      }
    }
  }

  async function parsed(answer) {
    return new DOMParser().parseFromString(await answer.text(), "text/html");
  }

  function hearTheTime(answer) {
    const exact = answer.headers.get("X-Now");
    if (exact) return countdown.hear(Date.parse(exact));
    // Date has whole seconds only: good enough to notice a machine that slept, not to set a clock by.
    const rough = Date.parse(answer.headers.get("Date") ?? "");
    if (Math.abs(rough - countdown.now()) > 2500) countdown.hear(rough);
  }

  function connected(yes) {
    const line = desk.querySelector("[data-link-state]");
    if (line) line.textContent = yes ? desk.dataset.wordConnected : desk.dataset.wordLooking;
  }

  // Swapping, part by part

  function changed(field) {
    if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
    if (field.matches("select")) return [...field.options].some((one) => one.selected !== one.defaultSelected) && field.selectedIndex > 0;
    return field.value !== field.defaultValue;
  }

  // Typed in, or a press of it on its way: it stays until its own answer is here.
  function busy(part) {
    if (part.querySelector("[data-sending]")) return true;
    const fields = [...part.querySelectorAll("input:not([type=hidden]), textarea, select")];
    return fields.some((field) => field === document.activeElement || changed(field));
  }

  // Answers may overtake each other: one that was rendered before what is shown already is dropped.
  const headOf = (place) => Number(place.querySelector("[data-head]")?.dataset.head ?? 0);

  function take(page, sent) {
    if (headOf(page) < headOf(desk)) return;
    const line = desk.querySelector("[data-link-state]")?.textContent ?? "";
    for (const fresh of page.querySelectorAll("[data-part]")) {
      const stale = desk.querySelector(`[data-part="${fresh.dataset.part}"]`);
      if (!stale || (stale !== sent && busy(stale))) continue;
      if (stale !== sent && stale.open && fresh.dataset.fill && !stale.dataset.fill) {
        // An open list stays as it is until the new one is here.
        stale.dataset.fill = fresh.dataset.fill;
        fill(stale);
        continue;
      }
      const open = [...stale.querySelectorAll("details[open][id]")].map((one) => one.id);
      const wasOpen = stale.matches("details") && stale.open;
      if (stale === sent && fresh.dataset.part !== "refusal") open.length = 0;
      const focus = stale.contains(document.activeElement) ? document.activeElement : null;
      const place = focus && placeOf(stale, focus);
      const copy = document.adoptNode(fresh);
      // A card that was sent has done its work; any other stays as it was.
      if (stale.matches("details")) copy.open = wasOpen && stale !== sent;
      for (const id of open) copy.querySelector(`details#${CSS.escape(id)}`)?.setAttribute("open", "");
      if (stale.isEqualNode(copy)) continue;
      stale.replaceWith(copy);
      if (place) findAgain(copy, place)?.focus({ preventScroll: true });
    }
    const state = desk.querySelector("[data-link-state]");
    if (state) state.textContent = line;
    desk.dispatchEvent(new CustomEvent("swapped"));
  }

  // A button that is replaced keeps the focus: the same key or words, else the same place.
  function placeOf(part, element) {
    const all = [...part.querySelectorAll("button, summary, a, input, textarea, select")];
    return { key: element.dataset.key, words: element.textContent.trim(), number: all.indexOf(element) };
  }

  function findAgain(part, place) {
    const all = [...part.querySelectorAll("button, summary, a, input, textarea, select")];
    return all.find((one) => place.key && one.dataset.key === place.key) ??
      all.find((one) => place.words && one.textContent.trim() === place.words) ?? all[place.number];
  }

  // Sending: the same POST a plain form makes, without losing what is typed elsewhere on the desk

  desk.addEventListener("submit", async (event) => {
    const form = event.target;
    // Turning the screen leaves the desk, as a plain form does.
    if (form.method !== "post" || form.hasAttribute("data-leaves")) return;
    event.preventDefault();
    if (form.dataset.sending) return;
    form.dataset.sending = "yes";
    const button = event.submitter;
    // A press by mouse or finger, or a card that was sent, gives the keys back to the desk.
    const byHand = pointed || form.contains(document.activeElement) && document.activeElement.matches("input, textarea, select");
    button?.setAttribute("aria-busy", "true");
    freshKey(form);
    const body = new URLSearchParams(new FormData(form));
    if (button?.name) body.append(button.name, button.value);
    try {
      const headers = { "X-Requested-With": "desk", "X-Tab": tab };
      const answer = await ask(form.action, { method: "POST", body, headers });
      const page = await parsed(answer);
      if (!page.querySelector("[data-part]")) return answer.redirected ? location.assign(answer.url) : notSent();
      hearTheTime(answer);
      const part = form.closest("[data-part]");
      delete form.dataset.sending;
      take(page, answer.ok ? part : null);
      // The tag of what is shown now; a desk that had to say not yet has none.
      tag = answer.headers.get("ETag") ?? "";
      if (answer.ok) clearCard(button?.dataset.clears);
      if (byHand) document.activeElement?.blur();
      if (!answer.ok) desk.querySelector("[data-refusal] button")?.focus({ preventScroll: true });
      sent();
      connected(true);
    } catch {
      notSent();
      connected(false);
      // It may have been taken all the same, and then nothing pokes this page.
      look();
    } finally {
      delete form.dataset.sending;
      button?.removeAttribute("aria-busy");
      countdown.unrest();
    }
  });

  let pointed = false;
  document.addEventListener("pointerdown", () => (pointed = true), true);
  document.addEventListener("keydown", () => (pointed = false), true);

  // What was put elsewhere with one press has no place in its card any more.
  function clearCard(name) {
    const card = name && desk.querySelector(`#card-${CSS.escape(name)}`);
    if (!card) return;
    card.querySelector("form").reset();
    for (const field of card.querySelectorAll("textarea")) field.value = "";
    card.open = false;
  }

  // A key is made before the first try and kept for every further one, so that nothing counts twice.
  function freshKey(form) {
    const field = form.querySelector('input[name="key"]');
    if (!field || form.dataset.keyed) return;
    form.dataset.keyed = "yes";
    field.value = random();
  }

  function notSent() {
    const line = desk.querySelector("[data-unsent]");
    if (!line) return;
    line.textContent = desk.dataset.wordUnsent;
    line.hidden = false;
  }

  function sent() {
    const line = desk.querySelector("[data-unsent]");
    if (line) line.hidden = true;
  }

  // Lists that are fetched when they are opened

  desk.addEventListener("toggle", (event) => {
    if (event.target.open) fill(event.target);
  }, true);

  async function fill(list) {
    const address = list.dataset.fill;
    if (!address || list.dataset.filling) return;
    list.dataset.filling = "yes";
    try {
      const answer = await ask(address, { headers: { "X-Requested-With": "desk" }, cache: "no-store" });
      const full = (await parsed(answer)).querySelector(`[data-part="${list.dataset.part}"]`);
      if (!full || !list.isConnected || busy(list)) return;
      const open = [...list.querySelectorAll("details[open][id]")].map((one) => one.id);
      list.querySelector(".card-body").replaceWith(document.adoptNode(full.querySelector(".card-body")));
      list.removeAttribute("data-fill");
      for (const id of open) list.querySelector(`details#${CSS.escape(id)}`)?.setAttribute("open", "");
      desk.dispatchEvent(new CustomEvent("swapped"));
    } catch {
      // The link in the list leads to a page that has all of it.
    } finally {
      delete list.dataset.filling;
    }
  }

  // Being poked; polling while the stream is away

  function poll(on) {
    if (on && !polling) polling = setInterval(look, POLL_MS);
    if (!on && polling) {
      clearInterval(polling);
      polling = null;
    }
  }

  const stream = desk.dataset.stream ? new EventSource(`${desk.dataset.stream}?tab=${tab}`) : null;
  if (stream) {
    stream.onopen = () => {
      poll(false);
      look();
    };
    stream.onmessage = look;
    stream.addEventListener("poke", look);
    stream.onerror = () => {
      connected(false);
      poll(true);
    };
  } else if (!window.held) {
    poll(true);
  }
  addEventListener("pagehide", () => stream?.close());
  desk.addEventListener("look", look);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) look();
  });
})();
