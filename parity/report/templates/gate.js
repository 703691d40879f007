// The changes of the gate: old and new side by side.

function listed({ columns: given, size, exported }) {
  const columns = new Columns(given, size);
  const get = (name, row) => columns.value(name, row);
  const small = (cell, text) => cell.append(element("small", {}, text));
  const before = (name) => (cell, row) => {
    cell.append(get(name, row));
    const share = get(`${name}_share`, row);
    if (share !== null) small(cell, `share ${number(share)}`);
  };
  new Explorer(document.getElementById("changes"), columns, {
    filters: [
      { name: "class", label: "Class", columns: ["change"] },
      { name: "needs", label: "Needs", columns: ["needs"] },
      { name: "framework", label: "Framework", columns: ["framework"] },
      { name: "operation", label: "Operation", columns: ["case"] },
    ],
    words: ["change", "item", "implementation", "quantity", "described"],
    exported,
    show: [
      { title: "Class", sort: "change", fill: (cell, row) => {
        cell.append(get("change", row));
        const needs = get("needs", row);
        if (needs) { cell.classList.add(`needs-${needs}`); small(cell, needs); }
      } },
      { title: "Item and implementation", sort: "item", kind: "name", fill: (cell, row) => { cell.append(get("item", row)); small(cell, `${get("implementation", row)} (${get("framework", row)})`); } },
      { title: "Quantity", sort: "quantity", fill: (cell, row) => cell.append(get("quantity", row)) },
      { title: "Old", sort: "old_share", fill: before("old") },
      { title: "New", sort: "new_share", fill: before("new") },
      { title: "Ulp apart", sort: "ulps", kind: "amount", fill: (cell, row) => cell.append(get("ulps", row) === null ? "" : number(get("ulps", row))) },
      { title: "What happened, and how to see it again", kind: "text", fill: (cell, row) => { cell.append(get("described", row), element("code", { class: "command" }, get("reproduce", row))); } },
    ],
  });
}

if (document.getElementById("record")) unpacked("record").then(listed).catch((problem) => {
  document.querySelector("#changes .place").replaceChildren(element("p", { class: "note" }, `The changes cannot be shown in this browser (${problem}); gate.csv has them all.`));
});
