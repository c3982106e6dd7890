"use strict";
(() => {
  const form = document.querySelector(".filters");
  const rows = Array.from(document.querySelectorAll("#audit tbody tr"));
  const output = form.querySelector("output");
  const show = () => {
    const words = form.words.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const row of rows) {
      const text = (row.searchText ??= row.textContent.toLowerCase());
      const hit =
        words.every((word) => text.includes(word)) &&
        (!form.actor.value || row.cells[1].textContent === form.actor.value) &&
        (!form.action.value || row.dataset.action === form.action.value);
      row.hidden = !hit;
      shown += hit;
    }
    output.textContent = `${shown} of ${rows.length} shown`;
  };
  form.hidden = false;
  form.addEventListener("input", show);
  form.addEventListener("submit", (event) => event.preventDefault());

  const openTarget = () => {
    const target = document.getElementById(location.hash.slice(1));
    if (target && target.tagName === "DETAILS") target.open = true;
  };
  addEventListener("hashchange", openTarget);
  openTarget();

  const openAll = document.querySelector(".open-all");
  openAll.hidden = false;
  openAll.addEventListener("click", () => {
    for (const part of document.querySelectorAll("details")) part.open = true;
  });

  const closed = new Set();
  addEventListener("beforeprint", () => {
    for (const part of document.querySelectorAll("details:not(.trail):not([open])")) {
      part.open = true;
      closed.add(part);
    }
  });
  addEventListener("afterprint", () => {
    for (const part of closed) part.open = false;
    closed.clear();
  });
})();
