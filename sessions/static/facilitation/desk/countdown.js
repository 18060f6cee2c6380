// Draws the time of the part as a vessel that empties. Counts from the server's instants with a monotonic clock,
// so that a device whose own clock is wrong by hours shows the same second. It never writes a time anywhere.
"use strict";

const countdown = (() => {
  const desk = document.querySelector("[data-desk]");
  const TOP = 8;
  const HEIGHT = 104;
  const [loaded] = performance.getEntriesByType("navigation");
  let serverAt = Date.parse(desk.dataset.serverNow);
  let heardAt = loaded?.responseStart ?? 0;
  let restedAt = null;
  let looked = "";

  const now = () => serverAt + (performance.now() - heardAt);

  // The server said its time in an answer that has just come in.
  function hear(instant) {
    if (Number.isNaN(instant)) return;
    serverAt = instant;
    heardAt = performance.now();
  }

  // Felt at once: the water stands still while the pause is on its way.
  function rest() {
    restedAt = now();
    desk.toggleAttribute("data-resting", true);
    const word = desk.querySelector(".glance .state");
    if (word && desk.dataset.wordResting) word.textContent = desk.dataset.wordResting;
    draw();
  }

  function unrest() {
    restedAt = null;
    desk.toggleAttribute("data-resting", false);
    draw();
  }

  function secondsLeft(box) {
    const endsAt = Date.parse(box.dataset.phaseEndsAt);
    if (box.dataset.ticking === "1" && !Number.isNaN(endsAt)) return ((endsAt - (restedAt ?? now())) / 1000);
    return box.dataset.leftS === "" ? null : Number(box.dataset.leftS);
  }

  function draw() {
    const box = desk.querySelector("[data-clock]");
    if (box) {
      const left = secondsLeft(box);
      if (left !== null) drawLeft(box, left);
      drawEnd(box);
    }
    for (const passing of desk.querySelectorAll("[data-until]")) passing.hidden = now() > Date.parse(passing.dataset.until);
    lookWhenDue();
  }

  function drawLeft(box, left) {
    const planned = Number(box.dataset.plannedS) || 1;
    const level = Math.min(1, Math.max(0, left / planned));
    const over = left < 0;
    box.dataset.seconds = Math.floor(left);
    box.toggleAttribute("data-over", over);
    box.querySelector("[data-water]").setAttribute("y", over ? TOP + HEIGHT * 0.62 : TOP + HEIGHT * (1 - level));
    const minutes = over ? Math.floor(-left / 60) : Math.ceil(left / 60);
    const words = `${minutes} ${over ? desk.dataset.wordOver : desk.dataset.wordLeft}`;
    const line = desk.querySelector("[data-left-words]");
    if (line && line.textContent !== words) {
      line.textContent = words;
      box.querySelector("svg").setAttribute("aria-label", words);
    }
  }

  // In a pause, and in a part that takes longer than planned, the end moves on with every minute.
  function drawEnd(box) {
    const place = desk.querySelector("[data-session-end]");
    if (!place || !box.dataset.zone) return;
    const endsAt = Date.parse(box.dataset.sessionEndsAt);
    const at = Number.isNaN(endsAt) && box.dataset.toGoS !== "" ? now() + Number(box.dataset.toGoS) * 1000 : endsAt;
    if (Number.isNaN(at)) return;
    const words = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", timeZone: box.dataset.zone }).format(at);
    if (place.textContent !== words) place.textContent = words;
  }

  function lookWhenDue() {
    const due = desk.querySelector("[data-changes-at]")?.dataset.changesAt;
    if (!due || due === looked || now() < Date.parse(due)) return;
    looked = due;
    desk.dispatchEvent(new CustomEvent("look"));
  }

  desk.addEventListener("swapped", draw);
  desk.addEventListener("submit", (event) => {
    if (event.target.dataset.felt === "pause") rest();
  });
  setInterval(draw, 250);
  draw();
  return { hear, now, unrest };
})();
