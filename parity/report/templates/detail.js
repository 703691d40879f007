// All there is to know about one row, in a dialog that has an address of its own: #row?case=...

function facts(entries) {
  const list = element("dl", { class: "facts" });
  for (const [name, value] of entries) {
    if (value !== "" && value !== null && value !== undefined) list.append(element("div", {}, element("dt", {}, name), element("dd", {}, value)));
  }
  return list;
}

function lines(caption, heads, rows) {
  const head = element("tr", {}, ...heads.map((text) => element("th", { scope: "col" }, text)));
  const body = rows.map(([first, ...rest]) =>
    element("tr", {}, element("th", { scope: "row", class: "name" }, first), ...rest.map((text) => element("td", { class: "amount" }, text))));
  const table = element("table", {}, element("caption", {}, element("span", {}, caption)), element("thead", {}, head), element("tbody", {}, ...body));
  return element("div", { class: "wide", role: "region", "aria-label": caption, tabindex: "0" }, table);
}

function listing(text, label) {
  const pre = element("pre", { tabindex: "0", "aria-label": label }, element("code", {}, text));
  const copy = button("Copy", () => copied(text, copy), { "aria-label": `Copy ${label}` });
  return element("div", { class: "listing" }, copy, pre);
}

class Detail {
  constructor(report) {
    this.report = report;
    this.dialog = document.getElementById("detail");
    this.content = this.dialog.querySelector(".content");
    this.before = "#rows";
    this.dialog.addEventListener("close", () => {
      if (address.read().place === "row") location.hash = this.before;
    });
    this.dialog.querySelector(".close").addEventListener("click", () => this.dialog.close());
    for (const step of [-1, 1]) {
      this.dialog.querySelector(step < 0 ? ".previous" : ".next").addEventListener("click", () => this.step(step));
    }
    window.addEventListener("hashchange", () => this.follow());
    this.follow();
  }

  follow() {
    const { place, given } = address.read();
    if (place !== "row") {
      this.before = location.hash || "#rows";
      this.dialog.close();
      return;
    }
    this.row = this.report.find(given);
    this.show();
    if (!this.dialog.open) this.dialog.showModal();
    this.dialog.scrollTop = 0;
    this.content.querySelector("h2").focus();
  }

  step(by) {
    const { found } = this.report.explorer;
    const next = found[found.indexOf(this.row) + by];
    if (next !== undefined) location.replace(this.report.link(next));
  }

  show() {
    const { report, row } = this;
    if (row < 0) {
      this.content.replaceChildren(element("h2", { tabindex: "-1" }, "No such row"), element("p", {}, "This record has no row of that name: the link comes from another run."));
      return;
    }
    const { found } = report.explorer;
    const place = found.indexOf(row);
    this.dialog.querySelector(".previous").disabled = place <= 0;
    this.dialog.querySelector(".next").disabled = place < 0 || place + 1 >= found.length;
    this.content.replaceChildren(
      ...this.head(), ...this.sides(), ...this.worst(), ...this.distribution(), ...this.derivation(),
      ...this.code(), ...this.mappings(), ...this.timings(), ...this.again(),
    );
  }

  get(name) {
    return this.report.get(name, this.row);
  }
  get declared() {
    return this.report.cases[this.get("case")];
  }
  text(id) {
    return this.declared.texts[id];
  }
  // What is declared of the implementations of this row. Their eager results, or those computed again, have names that go on.
  named() {
    return [...new Set(["left", "right"].map((side) => this.get(side).replace(/, (eager|again)$/, "")))];
  }
  implementations() {
    const known = this.declared?.implementations ?? {};
    return this.named().filter((api) => known[api]).map((api) => [api, known[api]]);
  }

  head() {
    const { report } = this;
    const title = element("h2", { tabindex: "-1" });
    breakable(title, `${report.item(this.row)}: ${this.get("quantity") || "everything"}`);
    const blame = this.get("blame");
    return [
      title,
      element("p", { class: `verdict tint ${this.get("verdict")}` }, report.word(this.get("verdict"))),
      element("p", {}, element("code", {}, this.get("left")), " against ", element("code", {}, report.side("right", this.row)), this.declared ? `. ${this.declared.summary}` : ""),
      facts([
        ["Reason", this.get("reason")],
        ["Likely cause", this.get("cause")],
        ["Off", report.titles[blame] ?? blame],
        ["Largest error", this.get("max_abs_error") === null ? "" : `${number(this.get("max_abs_error"))} absolute, ${number(this.get("max_rel_error"))} relative, ${number(this.get("max_ulp"))} ulp`],
        ["Share of the allowance", this.get("error_ratio") === null ? "" : share(this.get("error_ratio"))],
        ["ρ", this.get("rho") === null ? "" : `${number(this.get("rho"))}${this.get("rho_allowed") === null ? "" : `, up to ${number(this.get("rho_allowed"))} is allowed`}`],
        ["Growth", this.get("growth")],
        ["Versions", ["left", "right"].map((side) => `${report.titles[this.get(`${side}_framework`)]} ${this.get(`${side}_version`)}`).join(", ")],
        ["Seed", `${this.get("seed")}, inputs ${this.get("input_digest") || "not made"}`],
      ]),
    ];
  }

  sides() {
    const { report } = this;
    const names = this.named();
    const against = report.beside(this.row).filter((row) => report.get("right", row) === "reference" && names.includes(report.get("left", row)));
    if (!against.length || !this.get("quantity")) return [];
    const rows = against.map((row) => [
      report.get("left", row), number(report.get("max_abs_error", row)), share(report.get("error_ratio", row)), number(report.get("rho", row)), report.get("verdict", row),
    ]);
    const [one, other] = against.map((row) => report.get("error_ratio", row) ?? Infinity);
    const further = against.length < 2 ? "" : one === other ? "Both are equally far from the formula." : `${rows[one > other ? 0 : 1][0]} is further from the formula.`;
    return [element("h3", {}, "Which side is off"), lines(`Each implementation against the formula. ${further}`, ["Implementation", "Largest error", "Share", "ρ", "Verdict"], rows)];
  }

  worst() {
    if (!this.get("left_value")) return [];
    const [left, right, truth] = ["left_value", "right_value", "truth_value"].map((name) => this.get(name));
    const off = (value) => number(Math.abs(Number(value) - Number(truth)));
    const rows = [[this.get("left"), left, off(left)]];
    if (this.get("right") !== "reference") rows.push([this.get("right"), right, off(right)]);
    rows.push(["the formula", truth, ""]);
    return [element("h3", {}, "The worst element"), lines(`At ${this.get("worst_index")} of shape ${this.get("shape")}`, ["Side", "Value", "Off by"], rows)];
  }

  distribution() {
    const counts = this.get("distribution").split(" ").filter(Boolean).map(Number);
    if (counts.length !== SHARES.length) return [];
    const all = counts.reduce((sum, count) => sum + count, 0);
    const table = lines("How many elements use which share of what they are allowed", ["Share", "Elements", ""], counts.map((count, place) => [SHARES[place], String(count), ""]));
    table.querySelectorAll("tbody tr").forEach((line, place) => {
      line.cells[2].append(element("meter", { min: "0", max: String(all || 1), value: String(counts[place]), "aria-label": `${counts[place]} of ${all} elements` }));
    });
    return [element("h3", {}, "Distribution of the errors"), table];
  }

  derivation() {
    const rule = this.get("rule");
    if (!rule || this.get("allowed") === null) return [];
    const [scale, own, truth] = [this.get("scale"), this.get("own_scale"), Number(this.get("truth_value"))];
    const steps = [];
    const bits = UNITS[this.get("dtype")];
    if (rule === "equal bits") {
      steps.push("The operation moves, selects or compares numbers: its results must equal the formula's, rounded to the dtype, bit for bit.");
    } else if (rule.includes("u S") && scale !== null) {
      const pooled = this.declared?.pooled !== false;
      steps.push(`u = 2^-${bits} = ${number(2 ** -bits)}, the unit roundoff of ${this.get("dtype")}.`);
      steps.push(`s = ${number(own)} at the worst element: the larger of its magnitude (${number(Math.abs(truth))}) and of what one rounding in every operation moves it by, in units of u.`);
      steps.push(pooled
        ? `S = √((s² + mean of s²) / 2) = √((${number(own ** 2)} + ${number(Math.max(0, 2 * scale ** 2 - own ** 2))}) / 2) = ${number(scale)}.`
        : `S = ${number(scale)}: the element's own s, or the scale at which the digits of the format end.`);
      steps.push(`allowed = ${rule} = ${number(this.get("allowed"))}${rule.startsWith("2") ? ", twice because both sides may be off" : ""}.`);
    } else {
      steps.push(`allowed = ${rule} = ${number(this.get("allowed"))}, with |truth| = ${number(Math.abs(truth))}: a tolerance set for this case or this run.`);
    }
    if (this.get("error_ratio") !== null) steps.push(`The error there uses ${share(this.get("error_ratio"))} of it.`);
    return [element("h3", {}, "How the allowance is derived"), element("ol", {}, ...steps.map((step) => element("li", {}, step)))];
  }

  code() {
    const { report, declared } = this;
    if (!declared) return [];
    if (declared.problem) return [element("h3", {}, "Code"), element("p", { class: "note" }, `The source could not be read: ${declared.problem}`)];
    const parts = this.implementations().map(([api, { code, framework, naive, kind }]) =>
      element("div", {}, element("h4", {}, `${report.titles[framework]}: `, element("code", {}, api)), ...(naive ? [element("p", { class: "note" }, `A naive port: ${naive.title}. Instead: ${naive.fix}`)] : []),
        listing(this.text(code), `the ${kind} ${api}`)));
    const formula = element("div", {}, element("h4", {}, "The formula, in NumPy"), listing(this.text(declared.formula), "the formula"));
    const beside = element("div", { class: "beside" }, ...parts);
    const made = [element("h3", {}, "Code"), element("p", {}, `Declared in ${declared.place}.`), beside];
    if (parts.length < 2) beside.append(formula);
    else made.push(element("details", {}, element("summary", {}, "The formula"), formula));
    const helpers = this.text(declared.helpers);
    if (helpers) made.push(element("details", {}, element("summary", {}, "The helpers that the code uses"), listing(helpers, "the helpers")));
    return made;
  }

  mappings() {
    const variant = this.declared?.variants?.indexOf(this.get("variant")) ?? -1;
    if (variant < 0) return [];
    const parts = this.implementations().map(([api, { mapping }]) => {
      const arrows = JSON.parse(this.text(mapping[variant]));
      const drawn = arrows.map(([own, arrow, canonical]) =>
        element("li", {}, element("span", { class: "box" }, own), element("span", { class: "arrow", role: "img", "aria-label": arrow === "<-" ? "is made of" : "becomes" }, arrow === "<-" ? "←" : "→"), element("span", { class: "box" }, canonical.join("\n"))));
      const said = drawn.length ? element("ul", { class: "diagram" }, ...drawn) : element("p", {}, "Everything lies as in the operation's declaration.");
      return element("div", {}, element("h4", {}, element("code", {}, api)), said);
    });
    if (!parts.length) return [];
    return [element("h3", {}, "Weights and layouts"), element("p", {}, "Left the implementation's own variable, argument or result, right what it is in the operation's declaration; axes joined by × are merged, labels stand in brackets."), element("div", { class: "beside" }, ...parts)];
  }

  timings() {
    const { report } = this;
    const names = this.named();
    const found = report.timings.filter((line) => ITEM.every((name, place) => line[place] === this.get(name)) && names.includes(line[ITEM.length]));
    if (!found.length) return [];
    const rows = found.map((line) => [line[5], ...line.slice(6).map((seconds) => (seconds === null ? "–" : duration(seconds)))]);
    return [element("h3", {}, "Timings"), lines("Median of a few calls, while other work went on", ["Implementation", "Forward", "Forward and backward"], rows)];
  }

  again() {
    const { report } = this;
    const { before, after } = report.reproduction;
    const mode = ["", "eager"].includes(this.get("mode")) ? "" : `--mode=${this.get("mode")}`;
    const file = report.files[this.get("case")];
    const made = [element("h3", {}, "Run it again")];
    if (file) made.push(listing([before, quoted(`${file}::${report.item(this.row)}`), mode, after].filter(Boolean).join(" "), "the command"));
    for (const [api, { script }] of this.implementations()) {
      const parts = script?.[this.declared.variants.indexOf(this.get("variant"))];
      if (!parts?.length) continue;
      const text = this.script(parts.map((id) => this.text(id)).join(""));
      made.push(element("details", {}, element("summary", {}, "Stand-alone script of ", element("code", {}, api), ", without this project"), listing(text, `the script of ${api}`)));
    }
    return made;
  }

  // The script's settings are lines of their own.
  script(text) {
    const settings = { SEED: String(this.get("seed")), DTYPE: `"${this.get("dtype")}"`, DEVICE: `"${this.get("device")}"`, MODE: `"${this.get("mode") || "eager"}"` };
    return Object.entries(settings).reduce((made, [name, value]) => made.replace(new RegExp(`^${name} = .*$`, "m"), `${name} = ${value}`), text);
  }
}
