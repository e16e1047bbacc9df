"use strict";
// Tables marked data-sortable are sorted by the buttons this puts in their heads; a form marked
// data-filters hides rows of the table it names. Without this script the tables are as they are.

function valueOf(row, column) {
  const cell = row.cells[column];
  return cell.dataset.value === undefined ? cell.textContent.trim() : cell.dataset.value;
}

function compare(one, two) {
  if (one === "" || two === "") return one === two ? 0 : one === "" ? 2 : -2; // empty ones last
  const numbers = [Number(one), Number(two)];
  if (numbers.some(Number.isNaN)) return Math.sign(one.localeCompare(two, "en", { numeric: true }));
  return Math.sign(numbers[0] - numbers[1]);
}

function sortBy(table, column) {
  const head = table.tHead.rows[0].cells;
  const down = head[column].getAttribute("aria-sort") === "ascending";
  for (const cell of head) cell.removeAttribute("aria-sort");
  head[column].setAttribute("aria-sort", down ? "descending" : "ascending");
  const rows = [...table.tBodies[0].rows].map((row) => [valueOf(row, column), row]);
  rows.sort((one, two) => {
    const order = compare(one[0], two[0]);
    return down && Math.abs(order) === 1 ? -order : order;
  });
  table.tBodies[0].append(...rows.map((entry) => entry[1]));
}

function makeSortable(table) {
  [...table.tHead.rows[0].cells].forEach((cell, column) => {
    const button = document.createElement("button");
    button.type = "button";
    button.append(...cell.childNodes);
    button.addEventListener("click", () => sortBy(table, column));
    cell.append(button);
  });
}

function makeFilters(form) {
  const rows = [...document.getElementById(form.dataset.filters).tBodies[0].rows];
  const fields = form.elements;
  const same = (row, name) => !fields[name].value || row.dataset[name] === fields[name].value;
  const shown = (row) =>
    row.dataset.object.toLowerCase().includes(fields.object.value.trim().toLowerCase()) &&
    ["model", "state", "reason"].every((name) => same(row, name)) &&
    (fields.lnz.value === "" ||
      (row.dataset.lnz !== "" && Number(row.dataset.lnz) >= Number(fields.lnz.value)));
  const apply = () => {
    let count = 0;
    for (const row of rows) {
      row.hidden = !shown(row);
      if (!row.hidden) count += 1;
    }
    form.querySelector("output").textContent = `${count} of ${rows.length} fits shown`;
  };
  form.addEventListener("input", apply);
  form.addEventListener("reset", () => setTimeout(apply));
  form.addEventListener("submit", (event) => event.preventDefault());
  form.hidden = false;
  apply();
}

document.querySelectorAll("table[data-sortable]").forEach(makeSortable);
document.querySelectorAll("form[data-filters]").forEach(makeFilters);
