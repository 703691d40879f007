// A large table: its columns come packed, a part of its rows is in the page, and filters and sorting work on all.

async function unpacked(id) {
  const bytes = Uint8Array.from(atob(document.getElementById(id).textContent.trim()), (c) => c.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
}

// Columns of text hold each text once, and a number of it for every row; columns of numbers hold null for none.
class Columns {
  constructor(columns, size) {
    this.columns = columns;
    this.size = size;
    for (const column of Object.values(columns)) {
      if (column.numbers) column.numbers = column.numbers.map((value) => (value === "inf" ? Infinity : value));
    }
  }
  value(name, row) {
    const { texts, codes, numbers } = this.columns[name];
    return numbers ? numbers[row] : texts[codes[row]];
  }
  texts(name) {
    return this.columns[name].texts;
  }
  // The rows that have a text in one of some columns.
  having(names, text) {
    const wanted = names.map((name) => [this.columns[name].codes, this.columns[name].texts.indexOf(text)]);
    return (row) => wanted.some(([codes, code]) => codes[row] === code);
  }
  // The rows in which a word occurs.
  saying(names, word) {
    const found = names.map((name) => {
      const { texts, codes } = this.columns[name];
      return [codes, Uint8Array.from(texts, (text) => (text.toLowerCase().includes(word) ? 1 : 0))];
    });
    return (row) => found.some(([codes, says]) => says[codes[row]] === 1);
  }
  // Something to sort by: places of texts in the alphabet, or numbers, those that are missing last.
  keys(name, descending) {
    const { texts, codes, numbers } = this.columns[name];
    const missing = descending ? -Infinity : Infinity;
    if (numbers) return numbers.map((value) => (value === null ? missing : value));
    const order = texts.map((text, code) => [text, code]).sort((a, b) => a[0].localeCompare(b[0], undefined, { numeric: true }));
    const rank = new Int32Array(texts.length);
    order.forEach(([, code], place) => (rank[code] = place));
    return codes.map((code) => rank[code]);
  }
}

const STEP = 100;

function number(value) {
  if (value === null || value === undefined) return "–";
  const short = Number(value.toPrecision(3));
  if (!Number.isFinite(short)) return "∞";
  return short !== 0 && (Math.abs(short) >= 1e5 || Math.abs(short) < 1e-4) ? short.toExponential() : String(short);
}

// filters: {name, label, columns}; a filter named "words" is text. show: {title, sort, fill(cell, row)}.
class Explorer {
  constructor(section, columns, { filters, words, show, exported, groups = {} }) {
    Object.assign(this, { section, columns, filters, words, show, exported, groups });
    this.state = { ...Object.fromEntries(filters.map(({ name }) => [name, ""])), words: "", sort: "", descending: "" };
    this.place = section.id;
    this.build();
    window.addEventListener("hashchange", () => this.follow());
    this.follow();
  }

  build() {
    const form = element("form", { class: "filters", role: "search" });
    form.addEventListener("submit", (event) => event.preventDefault());
    this.fields = {};
    for (const { name, label, columns } of this.filters) {
      const texts = [...new Set(columns.flatMap((column) => this.columns.texts(column)))].filter((text) => text !== "");
      if (texts.length < 2) continue;
      const field = element("select", { id: `${this.place}-${name}` }, element("option", { value: "" }, "all"));
      const grouped = this.groups[name];
      if (grouped) {
        for (const [heading, members] of grouped) {
          const group = field.appendChild(element("optgroup", { label: heading }));
          for (const text of members) group.append(element("option", { value: text }, text));
        }
      } else {
        texts.sort((a, b) => a.localeCompare(b, undefined, { numeric: true }));
        for (const text of texts) field.append(element("option", { value: text }, text));
      }
      this.fields[name] = field;
      form.append(element("label", {}, label, field));
    }
    const search = element("input", { type: "search", id: `${this.place}-words`, autocomplete: "off", spellcheck: "false" });
    this.fields.words = search;
    form.append(element("label", {}, "Words", search));
    for (const [name, field] of Object.entries(this.fields)) {
      field.addEventListener("input", () => {
        this.state[name] = field.value.trim();
        this.keep();
      });
    }
    this.said = element("output", { "aria-live": "polite" });
    const copy = button("Copy as CSV", () => copied(csv([this.exported, ...this.found.map((row) => this.exported.map((name) => this.columns.value(name, row)))]), copy));
    const link = button("Copy link", () => copied(location.href, link));
    const all = button("Show all rows", () => this.reset());
    const head = element("tr");
    this.headers = this.show.map(({ title, sort }) => {
      const header = head.appendChild(element("th", { scope: "col" }));
      if (sort) header.append(button(title, () => this.sort(sort)));
      else header.append(title);
      return header;
    });
    this.body = element("tbody");
    const caption = element("caption", {}, element("span", {}, this.section.dataset.caption));
    const table = element("table", {}, caption, element("thead", {}, head), this.body);
    this.more = button("Show more", () => this.append(), { class: "more" });
    const scroll = element("div", { class: "scroll", role: "region", "aria-label": this.section.dataset.caption, tabindex: "0" }, table);
    const tools = element("div", { class: "tools" }, this.said, all, link, copy);
    this.section.querySelector(".place").replaceChildren(form, tools, scroll, this.more);
  }

  sort(name) {
    this.state.descending = this.state.sort === name && !this.state.descending ? "yes" : "";
    this.state.sort = name;
    this.keep();
  }

  reset() {
    for (const name of Object.keys(this.state)) this.state[name] = "";
    for (const field of Object.values(this.fields)) field.value = "";
    this.keep();
  }

  keep() {
    this.arrange();
    address.write(this.place, this.state);
  }

  follow() {
    const { place, given } = address.read();
    if (place === this.place) {
      for (const name of Object.keys(this.state)) this.state[name] = given.get(name) ?? "";
      for (const [name, field] of Object.entries(this.fields)) field.value = this.state[name];
      this.arrange();
      this.section.scrollIntoView();
    } else if (this.found === undefined) {
      this.arrange();
    }
  }

  arrange() {
    const tests = [];
    for (const { name, columns } of this.filters) {
      if (this.state[name]) tests.push(this.columns.having(columns, this.state[name]));
    }
    for (const word of this.state.words.toLowerCase().split(/\s+/).filter(Boolean)) {
      tests.push(this.columns.saying(this.words, word));
    }
    const found = [];
    for (let row = 0; row < this.columns.size; row += 1) if (tests.every((test) => test(row))) found.push(row);
    this.show.forEach(({ sort }, number) => {
      this.headers[number].removeAttribute("aria-sort");
      if (sort && sort === this.state.sort) {
        this.headers[number].setAttribute("aria-sort", this.state.descending ? "descending" : "ascending");
      }
    });
    if (this.show.some(({ sort }) => sort && sort === this.state.sort)) {
      const keys = this.columns.keys(this.state.sort, this.state.descending);
      const direction = this.state.descending ? -1 : 1;
      found.sort((a, b) => direction * (keys[a] === keys[b] ? 0 : keys[a] < keys[b] ? -1 : 1) || a - b);
    }
    this.found = found;
    this.shown = 0;
    this.body.replaceChildren();
    this.append();
  }

  append() {
    for (const row of this.found.slice(this.shown, this.shown + STEP)) {
      const line = this.body.appendChild(element("tr"));
      this.show.forEach(({ fill, kind = "" }, number) => {
        const cell = line.appendChild(number === 0 ? element("th", { scope: "row", class: kind }) : element("td", { class: kind }));
        fill(cell, row);
      });
    }
    this.shown = Math.min(this.shown + STEP, this.found.length);
    const all = this.columns.size.toLocaleString("en");
    const part = this.shown < this.found.length ? `, the first ${this.shown} shown` : "";
    this.said.textContent = `${this.found.length.toLocaleString("en")} of ${all} rows${part}`;
    this.more.hidden = this.shown >= this.found.length;
  }
}
