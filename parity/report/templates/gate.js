"use strict";
const rows = JSON.parse(document.getElementById("data").textContent);
const names = ["change", "framework", "case", "text"];
const fields = Object.fromEntries(names.map((name) => [name, document.getElementById(name)]));
const body = document.getElementById("rows"), said = document.getElementById("shown"), more = document.getElementById("more");
const STEP = 200;
let found = [], shown = 0;

function cell(row, text, kind) {
  const made = row.appendChild(document.createElement(kind || "td"));
  made.textContent = text === null ? "" : text;
  return made;
}

function append() {
  for (const [change, needs, item, , implementation, framework, quantity, old, now, before, after, ulps, detail, command]
    of found.slice(shown, shown + STEP)) {
    const row = body.appendChild(document.createElement("tr"));
    const first = cell(row, change, "th");
    first.scope = "row";
    if (needs) { first.className = "needs-" + needs; first.append(document.createElement("small")); first.lastChild.textContent = needs; }
    const name = cell(row, item);
    name.className = "name";
    name.append(document.createElement("small"));
    name.lastChild.textContent = implementation + " (" + framework + ")";
    cell(row, quantity);
    cell(row, old).append(document.createElement("small"));
    row.lastChild.lastChild.textContent = before === null ? "" : "share " + before;
    cell(row, now).append(document.createElement("small"));
    row.lastChild.lastChild.textContent = after === null ? "" : "share " + after;
    cell(row, ulps === null ? "" : String(ulps)).className = "amount";
    const last = cell(row, detail);
    last.className = "text";
    last.append(document.createElement("code"));
    last.lastChild.className = "command";
    last.lastChild.textContent = command;
  }
  shown = Math.min(shown + STEP, found.length);
  said.textContent = found.length + " of " + rows.length + " changes" + (shown < found.length ? ", the first " + shown + " shown" : "");
  more.hidden = shown >= found.length;
}

function filter() {
  const wanted = Object.fromEntries(names.map((name) => [name, fields[name].value]));
  const text = wanted.text.toLowerCase();
  found = rows.filter((row) =>
    (!wanted.change || row[0] === wanted.change) && (!wanted.framework || row[5] === wanted.framework) &&
    (!wanted.case || row[3] === wanted.case) &&
    (!text || row.some((value) => typeof value === "string" && value.toLowerCase().includes(text))));
  const address = new URLSearchParams(Object.entries(wanted).filter(([, value]) => value));
  try { history.replaceState(null, "", address.size ? "#" + address : location.pathname + location.search); } catch { /* from a disk */ }
  body.replaceChildren();
  shown = 0;
  append();
}

function read() {
  const given = new URLSearchParams(location.hash.slice(1));
  for (const name of names) {
    const value = given.get(name) || "";
    const known = fields[name].tagName !== "SELECT" || [...fields[name].options].some((option) => option.value === value);
    fields[name].value = known ? value : "";
  }
  filter();
}

for (const name of names) { fields[name].addEventListener("input", filter); }
more.addEventListener("click", append);
addEventListener("hashchange", read);
document.getElementById("filters").hidden = false;
read();
