"use strict";
// A link leads into a closed card: open it. Not every browser does that by itself.
function reveal() {
  const aim = document.getElementById(decodeURIComponent(location.hash.slice(1)));
  for (let at = aim; at; at = at.parentElement) if (at.localName === "details") at.open = true;
  if (aim) aim.scrollIntoView();
}
addEventListener("hashchange", reveal);
reveal();

// Paper cannot be clicked: the cards are open on it, and as they were afterwards.
let opened = [];
addEventListener("beforeprint", () => {
  opened = [...document.querySelectorAll("details:not([open], .inner)")];
  for (const each of opened) each.open = true;
});
addEventListener("afterprint", () => {
  for (const each of opened) each.open = false;
});

// A search, which only a script can do, and which is therefore only here if one runs.
const filters = document.querySelector(".filters");
if (filters) {
  const search = document.createElement("input");
  search.type = "search";
  search.className = "search";
  search.placeholder = "Search";
  search.setAttribute("aria-label", "Search requirements");
  filters.append(search);
  const rows = [...document.querySelectorAll("[data-row]")];
  const groups = [...document.querySelectorAll("[data-group]")];
  search.addEventListener("input", () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    for (const row of rows) {
      const text = row.textContent.toLowerCase();
      row.hidden = !words.every((word) => text.includes(word));
    }
    for (const group of groups) group.hidden = !group.querySelector("[data-row]:not([hidden])");
  });
}
