// The head of the table: what each column is, how rows are ordered, and which are shown.

import { calm, make, set } from "./parts.js";

const TYPING_MS = 200;
const WIDTHS = {
  path: [140, 1.5],
  passage: [34, 0],
  title: [120, 1.7],
  artist: [80, 1],
  quality: [84, 0.3],
  key: [80, 0],
};
const BY_KIND = { number: [66, 0], clock: [66, 0], choice: [110, 0], text: [90, 0.3] };

/** How wide columns are: a grid's template, and the least that all of them take, in pixels. */
export function findWidths(columns, hasCovers) {
  const widths = [
    [30, 0],
    ...(hasCovers ? [[32, 0]] : []),
    ...columns.map((column) => WIDTHS[column.name] ?? BY_KIND[column.kind]),
  ];
  const tracks = widths.map(([least, share]) => (share ? `minmax(${least}px,${share}fr)` : `${least}px`));
  return { template: tracks.join(" "), leastPx: widths.reduce((sum, [least]) => sum + least, 0) };
}

/** Headings and filters; `onQuery` is called when one has changed `query.sort` or `.filters`. */
export function makeHead({ columns, hasCovers, query, onQuery }) {
  const spare = () => make("div", { class: "wb-cell", role: "columnheader" });
  const spares = () => [spare(), ...(hasCovers ? [spare()] : [])];
  const headings = columns.map((column) => makeHeading(column));
  const head = make("div", { class: "wb-line wb-names", role: "row", "aria-rowindex": 1 }, [
    ...spares(),
    ...headings.map((heading) => heading.cell),
  ]);
  const filters = make("div", { class: "wb-line wb-filters", role: "row", "aria-rowindex": 2 }, [
    ...spares(),
    ...columns.map((column) => makeFilter(column, query, onQuery)),
  ]);

  function makeHeading(column) {
    const unit = column.unit ? [make("small", { text: column.unit })] : [];
    const button = make("button", { type: "button", title: column.meaning }, [
      make("span", { text: column.label }, unit),
    ]);
    const isNumber = column.kind === "number" || column.kind === "clock";
    const cell = make("div", { class: isNumber ? "wb-cell n" : "wb-cell", role: "columnheader" }, [
      button,
    ]);
    button.addEventListener("click", () => {
      const isSame = query.sort === column.name;
      // Once up, once down, and then as the files lie.
      if (isSame && query.is_descending) query.sort = "";
      else query.sort = column.name;
      query.is_descending = isSame && !query.is_descending;
      mark();
      onQuery();
    });
    return { cell, name: column.name };
  }

  function mark() {
    for (const heading of headings) {
      const order = query.is_descending ? "descending" : "ascending";
      set(heading.cell, "aria-sort", heading.name === query.sort ? order : "none");
    }
  }
  mark();
  return make("div", { class: "wb-head", role: "rowgroup" }, [head, filters]);
}

function makeFilter(column, query, onQuery) {
  const ask = calm(onQuery, TYPING_MS);
  const take = (wanted) => {
    query.filters[column.name] = wanted;
    ask();
  };
  const was = query.filters[column.name];
  if (column.name === "passage") return make("div", { class: "wb-cell", role: "gridcell" });
  if (column.kind === "choice") return makeChoices(column, was ?? [], take);
  if (column.kind === "text") {
    const field = makeField(`${column.label} contains`, "contains", was ?? "");
    field.addEventListener("input", () => take(field.value));
    return make("div", { class: "wb-cell", role: "gridcell" }, [field]);
  }
  const bounds = ["from", "to"].map((end, n) =>
    makeField(`${column.label} ${end}`, end === "from" ? "≥" : "≤", was?.[n] ?? ""),
  );
  for (const field of bounds) {
    field.addEventListener("input", () => take(bounds.map((each) => each.value)));
  }
  return make("div", { class: "wb-cell wb-bounds", role: "gridcell" }, bounds);
}

function makeField(label, placeholder, value) {
  const field = make("input", { type: "text", "aria-label": label, placeholder, title: label });
  field.value = value;
  field.spellcheck = false;
  return field;
}

/** A list to tick, folded under what is ticked. */
function makeChoices(column, was, take) {
  const words = make("span", { text: was.join(", ") || "any" });
  const ticks = column.choices.map((choice) => {
    const tick = make("input", { type: "checkbox" });
    tick.checked = was.includes(choice);
    const label = make("label", { "data-choice": choice }, [tick, make("span", { text: choice })]);
    return { choice, tick, label };
  });
  const summary = make("summary", { "aria-label": `${column.label}: which` }, [words]);
  const list = make("div", { class: "wb-ticks" }, ticks.map((each) => each.label));
  const box = make("details", {}, [summary, list]);
  box.addEventListener("change", () => {
    const chosen = ticks.filter((each) => each.tick.checked).map((each) => each.choice);
    words.textContent = chosen.join(", ") || "any";
    take(chosen);
  });
  box.addEventListener("focusout", (event) => {
    if (!box.contains(event.relatedTarget)) box.open = false;
  });
  return make("div", { class: "wb-cell wb-choices", role: "gridcell" }, [box]);
}
