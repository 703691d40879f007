"use strict";
(() => {
  const tables = [...document.querySelectorAll("table.lines")];
  const lines = (table) => (table.dataset.line === "body" ? [...table.tBodies] : [...table.tBodies[0].rows]);

  // Sorting: each sortable column gets a button in its header.
  const key = (line, column) => {
    const cell = (line.rows ? line.rows[0] : line).cells[column];
    const value = cell.dataset.value;
    return value === undefined ? cell.textContent.trim() : value === "" ? Infinity : Number(value);
  };
  const compare = (a, b) =>
    typeof a === "number" ? (a === b ? 0 : a < b ? -1 : 1) : a.localeCompare(b, undefined, { numeric: true });
  const sort = (table, header) => {
    const direction = header.getAttribute("aria-sort") === "ascending" ? -1 : 1;
    for (const other of table.tHead.rows[0].cells) other.removeAttribute("aria-sort");
    header.setAttribute("aria-sort", direction === 1 ? "ascending" : "descending");
    const keyed = lines(table).map((line) => [key(line, header.cellIndex), line]);
    keyed.sort((a, b) => direction * compare(a[0], b[0]));
    const parent = table.dataset.line === "body" ? table : table.tBodies[0];
    parent.append(...keyed.map(([, line]) => line));
  };
  for (const table of tables) {
    for (const header of table.tHead.querySelectorAll("th[data-sort]")) {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      button.addEventListener("click", () => sort(table, header));
      header.append(button);
    }
  }

  // Filtering: all words must occur in a line. The address keeps the filter, as #filter=words.
  const form = document.getElementById("filter");
  if (!form) return;
  const input = form.querySelector("input");
  const output = form.querySelector("output");
  const entries = tables.flatMap((table) => lines(table).map((line) => [line, line.textContent.toLowerCase()]));
  const apply = () => {
    const words = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const [line, text] of entries) {
      line.hidden = !words.every((word) => text.includes(word));
      shown += line.hidden ? 0 : 1;
    }
    output.textContent = words.length ? `${shown} of ${entries.length} lines shown` : "";
  };
  const keep = () => {
    const value = input.value.trim();
    const place = value ? `#filter=${encodeURIComponent(value)}` : location.pathname + location.search;
    history.replaceState(null, "", place);
  };
  const follow = () => {
    const state = new URLSearchParams(location.hash.slice(1));
    if (state.has("filter")) {
      input.value = state.get("filter");
      apply();
    } else if (input.value.trim()) {
      keep();
    }
  };
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  input.addEventListener("input", () => {
    apply();
    keep();
  });
  window.addEventListener("hashchange", follow);
  follow();
})();
