// Sorting and filtering of the page's tables and claims. Without it everything is still there to read.
"use strict";

const add = (parent, name, more = {}) => parent.appendChild(Object.assign(document.createElement(name), more));

// --- sorting: a button in each heading; ascending, descending, as it was ---

function sortable(table) {
  const body = table.tBodies[0];
  const before = [...body.rows];
  const heads = [...table.tHead.querySelectorAll("th[data-column]")];
  for (const head of heads) {
    const column = Number(head.dataset.column);
    const button = document.createElement("button");
    button.type = "button";
    button.append(...head.childNodes);
    head.append(button);
    button.addEventListener("click", () => {
      const next = { none: "ascending", ascending: "descending", descending: "none" };
      const order = next[head.getAttribute("aria-sort") ?? "none"];
      for (const other of heads) other.removeAttribute("aria-sort");
      if (order !== "none") head.setAttribute("aria-sort", order);
      body.append(...(order === "none" ? before : sorted(before, column, order === "ascending" ? 1 : -1)));
    });
  }
}

// A column with a number in it is sorted by the numbers that its cells begin with; cells without one come last, in
// either direction. Other columns are sorted as words.
function sorted(rows, column, sign) {
  const keys = new Map(rows.map((row) => [row, key(row.cells[column].textContent.trim())]));
  const numeric = [...keys.values()].some((value) => typeof value === "number");
  const last = (value) => numeric && typeof value !== "number";
  return [...rows].sort((one, other) => {
    const a = keys.get(one), b = keys.get(other);
    if (last(a) || last(b)) return last(a) - last(b);
    return sign * (numeric ? a - b : a.localeCompare(b, "en", { numeric: true }));
  });
}

function key(text) {
  const number = /^[+−±]?[\d,]+(\.\d+)?/.exec(text)?.[0];
  return number === undefined ? text : Number(number.replaceAll(",", "").replace("−", "-").replace("±", ""));
}

// --- filters ---

function tools(before, name, items, more) {
  const bar = document.createElement("div");
  bar.className = "tools";
  const label = add(bar, "label");
  label.append("Filter ");
  const search = add(label, "input", { type: "search" });
  search.setAttribute("aria-label", `Filter ${name}`);
  const extra = more(bar);
  const count = add(bar, "output");
  const apply = () => {
    const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
    let shown = 0;
    for (const item of items) {
      const text = item.textContent.toLowerCase();
      item.hidden = !(words.every((word) => text.includes(word)) && extra(item));
      shown += !item.hidden;
    }
    count.textContent = shown === items.length ? "" : `${shown} of ${items.length} shown`;
    return words.length > 0;
  };
  bar.addEventListener("input", apply);
  before.before(bar);
  return bar;
}

function filterRows(table) {
  const rows = [...table.tBodies[0].rows];
  if (rows.length < 5) return;
  const measured = rows.filter((row) => "measured" in row.dataset).length;
  tools(table.parentElement, table.dataset.name, rows, (bar) => {
    if (measured === 0 || measured === rows.length) return () => true;
    const label = add(bar, "label");
    const box = add(label, "input", { type: "checkbox" });
    label.append(" only rows measured here");
    return (row) => !box.checked || "measured" in row.dataset;
  });
}

function filterClaims(list) {
  const claims = [...list.querySelectorAll(".claim")];
  const waiting = list.querySelector(".waiting");
  const states = [...new Set(claims.map((claim) => claim.dataset.state))];
  const bar = tools(list, `claims of ${list.dataset.name}`, claims, (tool) => {
    const label = add(tool, "label");
    label.append("State ");
    const choice = add(label, "select");
    for (const state of ["all", ...states]) add(choice, "option", { value: state, textContent: state });
    return (claim) => choice.value === "all" || claim.dataset.state === choice.value;
  });
  // What is looked for may be among the claims that are folded away.
  bar.addEventListener("input", () => {
    if (waiting) waiting.open = bar.querySelector("input").value !== "" || bar.querySelector("select").value !== "all";
  });
}

for (const table of document.querySelectorAll("table[data-sortable]")) {
  sortable(table);
  filterRows(table);
}
document.querySelectorAll("[data-claims]").forEach(filterClaims);

// --- printing: nothing stays folded ---

addEventListener("beforeprint", () => {
  for (const part of document.querySelectorAll("details:not([open])")) {
    part.dataset.folded = "";
    part.open = true;
  }
});
addEventListener("afterprint", () => {
  for (const part of document.querySelectorAll("details[data-folded]")) {
    part.open = false;
    delete part.dataset.folded;
  }
});
