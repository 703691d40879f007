// The tables that a page has from the start: each gets a filter, sorting, and a button that copies it as CSV.

function enliven(table) {
  const section = table.closest("section");
  const lines = () => [...table.tBodies].flatMap((body) => (table.dataset.line === "body" ? [body] : [...body.rows]));
  const first = (line) => (line.rows ? line.rows[0] : line);
  const fixed = (line) => line.dataset.heading !== undefined;
  const original = lines();
  const texts = new Map(original.map((line) => [line, line.textContent.toLowerCase()]));
  const input = element("input", { type: "search", autocomplete: "off", spellcheck: "false", id: `${section.id}-words` });
  const output = element("output", { for: input.id, "aria-live": "polite" });
  const headers = [...table.tHead.rows[0].cells];
  const state = { words: "", sort: "", descending: "" };

  const key = (line, column) => {
    const cell = first(line).cells[column];
    if (cell === undefined) return Infinity;
    const value = cell.dataset.value;
    return value === undefined ? cell.textContent.trim() : value === "" ? Infinity : Number(value);
  };
  const compare = (a, b) =>
    typeof a === "number" && typeof b === "number"
      ? a === b ? 0 : a < b ? -1 : 1
      : String(a).localeCompare(String(b), undefined, { numeric: true });
  const arrange = () => {
    const column = headers.findIndex((header) => header.dataset.sort !== undefined && header.cellIndex === Number(state.sort || -1));
    for (const header of headers) header.removeAttribute("aria-sort");
    let ordered = original;
    if (column >= 0) {
      headers[column].setAttribute("aria-sort", state.descending ? "descending" : "ascending");
      const direction = state.descending ? -1 : 1;
      const keyed = original.map((line) => [key(line, column), line]);
      ordered = keyed.sort((a, b) => direction * compare(a[0], b[0])).map(([, line]) => line);
    }
    (table.dataset.line === "body" ? table : table.tBodies[0]).append(...ordered);
    const words = state.words.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const line of original) {
      const headed = fixed(line);
      line.hidden = headed ? column >= 0 || words.length > 0 : !words.every((word) => texts.get(line).includes(word));
      shown += line.hidden || headed ? 0 : 1;
    }
    const all = original.filter((line) => !fixed(line)).length;
    output.textContent = words.length ? `${shown} of ${all} lines` : "";
  };
  const keep = () => {
    arrange();
    address.write(section.id, state);
  };
  const follow = () => {
    const { place, given } = address.read();
    if (place !== section.id) return;
    for (const name of Object.keys(state)) state[name] = given.get(name) ?? "";
    input.value = state.words;
    arrange();
    if (given.size) section.scrollIntoView();
  };

  for (const header of headers.filter((each) => each.dataset.sort !== undefined)) {
    const sort = button("", () => {
      const column = String(header.cellIndex);
      state.descending = state.sort === column && !state.descending ? "yes" : "";
      state.sort = column;
      keep();
    });
    sort.append(...header.childNodes);
    header.append(sort);
  }
  input.addEventListener("input", () => {
    state.words = input.value.trim();
    keep();
  });
  const copy = button("Copy as CSV", () => {
    const shown = lines().filter((line) => !line.hidden && !fixed(line)).map(first);
    const text = (cell) => cell.innerText.trim().replace(/\s*\n\s*/g, " | ");
    copied(csv([headers.map(text), ...shown.map((row) => [...row.cells].map(text))]), copy);
  });
  const label = element("label", { for: input.id }, "Filter");
  table.parentElement.before(element("div", { class: "tools" }, label, input, output, copy));
  window.addEventListener("hashchange", follow);
  follow();
}

for (const table of document.querySelectorAll("table.lines")) enliven(table);

// A line that opens: its button shows and hides the rows below it.
for (const toggle of document.querySelectorAll("button[aria-expanded]")) {
  toggle.addEventListener("click", () => {
    const open = toggle.getAttribute("aria-expanded") !== "true";
    toggle.setAttribute("aria-expanded", String(open));
    for (const row of toggle.closest("tbody").querySelectorAll("tr.more")) row.hidden = !open;
  });
}
