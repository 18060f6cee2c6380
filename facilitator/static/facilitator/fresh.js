// A page of the facilitator's that was kept by the browser is asked for again before anybody reads it: meanwhile the
// screen may have been turned. And whichever tab turns it, the others follow at once.
"use strict";

addEventListener("pageshow", (event) => {
  if (!event.persisted) return;
  document.documentElement.hidden = true;
  location.reload();
});
new BroadcastChannel("screen").addEventListener("message", () => {
  document.documentElement.hidden = true;
  location.reload();
});
