"use strict";
// What is shown lives in the address: #section?name=value&... A link to it shows the same again.

const address = {
  read() {
    const [place, query = ""] = location.hash.slice(1).split("?", 2);
    return { place, given: new URLSearchParams(query) };
  },
  of(place, given) {
    const query = new URLSearchParams(Object.entries(given).filter(([, value]) => value !== "" && value !== null));
    return `#${place}${query.size ? `?${query}` : ""}`;
  },
  write(place, given) {
    history.replaceState(null, "", address.of(place, given));
  },
};

function element(tag, attributes = {}, ...content) {
  const made = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes)) made.setAttribute(name, value);
  made.append(...content);
  return made;
}

function button(text, pressed, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", () => pressed(made));
  return made;
}

async function copied(text, said) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = document.body.appendChild(element("textarea", {}, text));
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  const before = said.dataset.says ?? (said.dataset.says = said.textContent);
  said.textContent = "Copied";
  setTimeout(() => (said.textContent = before), 1500);
}

// Text that a spreadsheet would run gets an apostrophe before it, as in the CSV files.
const FORMULA = /^'*[=+\-@\t\r\uff1d\uff0b\uff0d\uff20]/;
const NUMBER = /^-\d+(\.\d+)?(e[+-]\d+)?$/;
function csv(lines) {
  const cell = (value) => {
    const text = value === null || value === undefined ? "" : String(value);
    const safe = typeof value === "string" && FORMULA.test(text) && !NUMBER.test(text) ? `'${text}` : text;
    return /[",\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
  };
  return lines.map((line) => `${line.map(cell).join(",")}\n`).join("");
}
