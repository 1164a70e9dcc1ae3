"use strict";
// Tables sort by the button in a column's head: numbers first from the largest, words from A.
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  heads.forEach((head, place) => {
    head.querySelector("button").addEventListener("click", () => {
      const numeric = head.classList.contains("number");
      const before = head.getAttribute("aria-sort");
      const first = numeric ? "descending" : "ascending";
      const other = numeric ? "ascending" : "descending";
      const way = before === first ? other : first;
      heads.forEach((cell) => cell.removeAttribute("aria-sort"));
      head.setAttribute("aria-sort", way);
      const sign = way === "ascending" ? 1 : -1;
      const key = (row) => row.cells[place].dataset.sort;
      const compare = numeric
        ? (a, b) => (a === b ? 0 : a < b ? -1 : 1)
        : (a, b) => a.localeCompare(b, "en", { numeric: true });
      const body = table.tBodies[0];
      const number = (text) => (text === "-inf" ? -Infinity : Number(text));
      const rows = [...body.rows].map((row) => [numeric ? number(key(row)) : key(row), row]);
      rows.sort((a, b) => sign * compare(a[0], b[0]));
      body.append(...rows.map(([, row]) => row));
    });
  });
}
// What is wider than its frame says so. A frame in closed details has no width until they open.
function markWideFrames() {
  for (const frame of document.querySelectorAll(".scroll, .frame.scrolls")) {
    frame.classList.toggle("sideways", frame.scrollWidth > frame.clientWidth + 1);
  }
}
window.addEventListener("resize", markWideFrames);
document.addEventListener("toggle", markWideFrames, true);
markWideFrames();
// On a telephone the contents start closed.
if (window.matchMedia("(max-width: 56rem)").matches) {
  document.querySelector("nav details").open = false;
}
