// Keeps the shared view current and draws its calm clock. The stream only pokes; on each poke it looks once. A page
// that the browser kept is asked for again, and other tabs of this sign-in hear that the screen is turned, and to what:
// a tab that still shows another card asks for this one.
"use strict";

const others = new BroadcastChannel("screen");
others.addEventListener("message", ({ data }) => {
  if (data.turned === document.body.dataset.turned) return;
  document.documentElement.hidden = true;
  location.reload();
});
others.postMessage({ turned: document.body.dataset.turned });
addEventListener("pageshow", (event) => {
  if (event.persisted) location.reload();
});

(() => {
  const room = document.querySelector("[data-room]");
  if (!room) return;
  // Also looked at while nothing pokes: what an undo takes back is told to nobody but the team.
  const POLL_MS = 4000;
  const LOOK_LIMIT_MS = 8000;
  const TOP = 8;
  const HEIGHT = 104;
  let serverAt = Date.parse(room.dataset.serverNow);
  let heardAt = performance.getEntriesByType("navigation")[0]?.responseStart ?? 0;
  let tag = "";
  let looking = false;
  let again = false;
  let leaving = false;

  function draw() {
    const clock = room.querySelector(".room-clock");
    if (!clock) return;
    const endsAt = Date.parse(clock.dataset.endsAt ?? "");
    const now = serverAt + (performance.now() - heardAt);
    const left = Number.isNaN(endsAt) ? Number(clock.dataset.leftS) : (endsAt - now) / 1000;
    const level = Math.min(1, Math.max(0, left / (Number(clock.dataset.plannedS) || 1)));
    clock.toggleAttribute("data-over", left < 0);
    clock.querySelector("[data-water]").setAttribute("y", left < 0 ? TOP + HEIGHT * 0.62 : TOP + HEIGHT * (1 - level));
  }

  function take(html) {
    const fresh = new DOMParser().parseFromString(html, "text/html").querySelector("[data-part]");
    const stale = room.querySelector("[data-part]");
    if (fresh && stale) stale.replaceWith(document.adoptNode(fresh));
    draw();
  }

  async function look() {
    if (leaving) return;
    if (looking) {
      again = true;
      return;
    }
    looking = true;
    try {
      const headers = tag ? { "If-None-Match": tag } : {};
      const answer = await fetch(room.dataset.fragment, { headers, cache: "no-store", signal: AbortSignal.timeout(LOOK_LIMIT_MS) });
      // Turned back in another tab, or signed out: the page itself says so.
      if (leaving) return;
      if (answer.redirected || answer.status === 404) return location.reload();
      serverAt = Date.parse(answer.headers.get("X-Now")) || serverAt + (performance.now() - heardAt);
      heardAt = performance.now();
      if (answer.status === 200) {
        take(await answer.text());
        tag = answer.headers.get("ETag") ?? "";
      }
    } catch {
      // The clock runs on; the next look may find the server again.
    } finally {
      looking = false;
      if (again) {
        again = false;
        look();
      }
    }
  }

  const stream = new EventSource(room.dataset.stream);
  stream.onopen = look;
  stream.onmessage = look;
  addEventListener("pagehide", () => stream.close());
  // On its way back: a look must not come in between.
  document.addEventListener("submit", (event) => {
    leaving = !event.defaultPrevented;
  });
  setInterval(look, POLL_MS);
  setInterval(draw, 500);
  document.addEventListener("visibilitychange", () => {
    if (!document.hidden) look();
  });
  draw();
})();
