// The button says whom the screen is turned to as soon as there is a name. Without this it says "them".
"use strict";
for (const words of document.querySelectorAll("[data-named]")) {
  const name = document.getElementById(words.dataset.names);
  const unnamed = words.textContent;
  const say = () => {
    const typed = name.value.trim();
    words.textContent = typed ? words.dataset.named.replace("{name}", () => typed) : unnamed;
  };
  name?.addEventListener("input", say);
  if (name?.value) say();
}
