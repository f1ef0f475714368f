const theme = document.querySelector(".theme"), root = document.documentElement;
const dark = () => root.dataset.theme ? root.dataset.theme === "dark" : matchMedia("(prefers-color-scheme: dark)").matches;
theme.hidden = false;
theme.onclick = () => { root.dataset.theme = dark() ? "light" : "dark"; };
const broad = [...document.querySelectorAll("main table")].filter(table => table.tHead.rows[0].cells.length > 3);
for (const table of broad) { // in a narrow window each row becomes a list, each value under the name of its column
  const names = [...table.tHead.rows[0].cells].map(cell => cell.textContent.trim());
  table.classList.add("stacked");
  for (const row of table.tBodies[0].rows) for (const cell of row.cells) cell.dataset.label = names[cell.cellIndex];
}
const key = row => at => { const text = row.cells[at].textContent, number = parseFloat(text.replace(/[ ,]/g, "")); return isNaN(number) ? text : number; };
const long = [...document.querySelectorAll("main table")].filter(table => table.tBodies[0].rows.length > 2);
for (const head of long.flatMap(table => [...table.tHead.rows[0].cells])) {
  const button = document.createElement("button");
  button.type = "button";
  button.append(...head.childNodes);
  head.append(button);
  button.onclick = () => {
    const body = head.closest("table").tBodies[0], at = head.cellIndex, up = head.getAttribute("aria-sort") !== "ascending";
    for (const other of head.parentNode.cells) other.removeAttribute("aria-sort");
    head.setAttribute("aria-sort", up ? "ascending" : "descending");
    const rows = [...body.rows].map(row => [key(row)(at), row]);
    rows.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0) * (up ? 1 : -1));
    body.append(...rows.map(([, row]) => row));
  };
}
