// The rows of the record, and what there is to know about one of them.

const ITEM = ["case", "variant", "dtype", "device", "mode"];
const ROW = [...ITEM, "quantity", "left", "right"];
const UNITS = { float64: 53, float32: 24, float16: 11, bfloat16: 8 };
const SHARES = ["0: equal", "up to 1/256", "up to 1/64", "up to 1/16", "up to 1/4", "up to 1", "more than 1"];

const share = (ratio) =>
  ratio === null ? "–" : ratio === Infinity ? "∞" : ratio > 9.995 ? `${number(ratio)} ×` : ratio > 0 && ratio < 0.01 ? "<1 %" : `${Math.round(ratio * 100)} %`;
const duration = (seconds) => (seconds < 999.5e-6 ? `${number(seconds * 1e6)} µs` : seconds < 0.9995 ? `${number(seconds * 1e3)} ms` : `${number(seconds)} s`);
const quoted = (text) => (/^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", `'"'"'`)}'`);

function small(cell, ...texts) {
  for (const text of texts.filter(Boolean)) cell.append(element("small", {}, text));
}

// Names may be broken after their punctuation.
function breakable(parent, text) {
  text.split(/(?<=[_=:/[(,-])|(?<=\.)(?!\d)/).forEach((part, place) => parent.append(...(place ? [element("wbr")] : []), part));
  return parent;
}

class Report {
  constructor(record) {
    Object.assign(this, record);
    this.columns = new Columns(record.columns, record.size);
    const section = document.getElementById("rows");
    const families = new Map();
    for (const name of this.columns.texts("case")) {
      const family = this.cases[name]?.family ?? "Others";
      families.set(family, [...(families.get(family) ?? []), name]);
    }
    this.explorer = new Explorer(section, this.columns, {
      filters: [
        { name: "verdict", label: "Verdict", columns: ["verdict"] },
        { name: "family", label: "Family", columns: ["family"] },
        { name: "case", label: "Operation", columns: ["case"] },
        { name: "implementation", label: "Implementation", columns: ["left", "right"] },
        { name: "framework", label: "Framework", columns: ["left_framework", "right_framework"] },
        { name: "blame", label: "Off", columns: ["blame"] },
        { name: "dtype", label: "Dtype", columns: ["dtype"] },
        { name: "device", label: "Device", columns: ["device"] },
        { name: "mode", label: "Mode", columns: ["mode"] },
        { name: "kind", label: "Quantity", columns: ["kind"] },
      ],
      groups: { case: [...families].sort((a, b) => a[0].localeCompare(b[0])) },
      words: ["case", "variant", "dtype", "device", "mode", "quantity", "left", "right", "verdict", "cause", "reason"],
      exported: this.exported,
      show: [
        { title: "Item", sort: "case", kind: "name", fill: (cell, row) => this.name(cell, row) },
        { title: "Verdict", sort: "verdict", fill: (cell, row) => cell.append(this.word(this.get("verdict", row))) },
        { title: "Quantity", sort: "quantity", fill: (cell, row) => { cell.append(this.get("quantity", row) || "everything"); small(cell, this.get("shape", row)); } },
        { title: "Left", sort: "left", kind: "name code", fill: (cell, row) => breakable(cell, this.get("left", row)) },
        { title: "Right", sort: "right", kind: "name code", fill: (cell, row) => breakable(cell, this.side("right", row)) },
        { title: "Error", sort: "max_abs_error", kind: "amount", fill: (cell, row) => cell.append(number(this.get("max_abs_error", row))) },
        { title: "Allowed", sort: "allowed", kind: "amount", fill: (cell, row) => cell.append(number(this.get("allowed", row))) },
        { title: "Share", sort: "error_ratio", kind: "amount", fill: (cell, row) => cell.append(share(this.get("error_ratio", row))) },
        { title: "ρ", sort: "rho", kind: "amount", fill: (cell, row) => cell.append(number(this.get("rho", row))) },
        { title: "Off", sort: "blame", fill: (cell, row) => cell.append(this.titles[this.get("blame", row)] ?? this.get("blame", row)) },
      ],
    });
    this.dialog = new Detail(this);
  }

  get(name, row) {
    return this.columns.value(name, row);
  }
  side(side, row) {
    return this.get(side, row) === "reference" ? "the formula" : this.get(side, row);
  }
  item(row) {
    const [name, variant, dtype, device, mode] = ITEM.map((column) => this.get(column, row));
    return `${name}${variant ? `[${variant}]` : ""}-${dtype}-${device}${mode && mode !== "eager" ? `-${mode}` : ""}`;
  }
  link(row) {
    return address.of("row", Object.fromEntries(ROW.map((name) => [name, this.get(name, row)])));
  }
  word(verdict) {
    return element("span", { class: `word ${verdict}` }, element("span", { "aria-hidden": "true" }, this.symbols[verdict]), ` ${verdict}`);
  }
  name(cell, row) {
    cell.append(breakable(element("a", { href: this.link(row) }), this.get("case", row)));
    if (this.get("variant", row)) cell.append(breakable(element("small"), this.get("variant", row)));
    const mode = this.columns.texts("mode").length > 1 ? this.get("mode", row) : "";
    small(cell, [this.get("dtype", row), this.get("device", row), mode].filter(Boolean).join(" "));
  }
  find(given) {
    const codes = ROW.map((name) => [this.columns.columns[name].codes, this.columns.texts(name).indexOf(given.get(name) ?? "")]);
    for (let row = 0; row < this.columns.size; row += 1) {
      if (codes.every(([column, code]) => column[row] === code)) return row;
    }
    return -1;
  }
  // The rows of the same item and quantity.
  beside(row) {
    const names = [...ITEM, "quantity"].map((name) => this.columns.columns[name].codes);
    const found = [];
    for (let other = 0; other < this.columns.size; other += 1) {
      if (names.every((codes) => codes[other] === codes[row])) found.push(other);
    }
    return found;
  }
}

const failed = (problem) => {
  document.querySelector("#rows .place").replaceChildren(
    element("p", { class: "note" }, `The rows cannot be shown in this browser (${problem}); parity.csv has them all.`),
  );
};
if (document.getElementById("record")) {
  unpacked("record").then((record) => (window.report = new Report(record))).catch(failed);
}
