"use strict";
for (const table of document.querySelectorAll("table.sortable")) {
  const heads = [...table.tHead.rows[0].cells];
  const body = table.tBodies[0];
  const read = (row, column) => row.cells[column].dataset.sort ?? row.cells[column].textContent.trim();
  const compare = (a, b) => {
    if (a === "" || b === "") return (a === "") - (b === "");
    return a - b || a.localeCompare(b, undefined, {numeric: true, sensitivity: "base"});
  };
  heads.forEach((head, column) => head.querySelector("button")?.addEventListener("click", () => {
    const sign = head.ariaSort === "ascending" ? -1 : 1;
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", sign > 0 ? "ascending" : "descending");
    const rows = [...body.rows].map((row) => [read(row, column), row]);
    const known = rows.filter(([value]) => value !== "");
    const unknown = rows.filter(([value]) => value === "");
    known.sort(([a], [b]) => sign * compare(a, b));
    body.append(...[...known, ...unknown].map(([, row]) => row));
  }));
}
for (const audio of document.querySelectorAll("td audio")) {
  const button = document.createElement("button");
  const show = () => {
    button.textContent = audio.paused ? "\u25b6" : "\u275a\u275a";
    button.setAttribute("aria-label", audio.paused ? "play the clip" : "pause the clip");
  };
  button.type = "button";
  button.addEventListener("click", () => {
    document.querySelectorAll("td audio").forEach((other) => other !== audio && other.pause());
    if (audio.paused) { audio.play(); } else { audio.pause(); }
  });
  for (const event of ["play", "pause", "ended"]) { audio.addEventListener(event, show); }
  audio.controls = false;
  audio.before(button);
  show();
}
