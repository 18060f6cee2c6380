// A page of the facilitator's that was kept by the browser is asked for again before anybody reads it: meanwhile the
// screen may have been turned. And whichever tab turns it, the others follow at once; when it is turned back, so do
// the turned ones. A page that holds an hour in its memory would lose it: that one goes blank until it may be seen.
"use strict";

(() => {
  const screen = new BroadcastChannel("screen");
  const holds = () => window.held?.holds() ?? false;

  function hide() {
    document.documentElement.hidden = true;
    if (!holds()) location.reload();
  }

  // The server is asked, whoever says that the screen is back: a turned sign-in is led away from here.
  async function showIfBack() {
    if (!document.documentElement.hidden || !holds()) return;
    const answer = await fetch(location.href, { method: "HEAD", redirect: "manual", cache: "no-store" }).catch(() => null);
    if (answer?.ok) document.documentElement.hidden = false;
  }

  addEventListener("pageshow", (event) => {
    if (!event.persisted) return;
    hide();
    showIfBack();
  });
  screen.addEventListener("message", ({ data }) => (data.back ? showIfBack() : hide()));
  document.addEventListener("visibilitychange", showIfBack);
  screen.postMessage({ back: true });
})();
