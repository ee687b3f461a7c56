// A library as one view: a table, a player, and two planes that share its rows.

import { makeChoice } from "./choice.js";
import { openCovers } from "./covers.js";
import { makeGrid } from "./grid.js";
import { openLine } from "./line.js";
import { calm, count, make, say } from "./parts.js";
import { makePlane } from "./plane.js";
import { makePlayer } from "./player.js";

const TYPING_MS = 200;
const AXES = ["tempo_bpm", "loudness_lufs"];

function render({ model, el }) {
  const line = openLine(model);
  const choice = makeChoice(line);
  const player = makePlayer(line);
  const covers = openCovers(line);
  const query = { search: "", filters: {}, sort: "", is_descending: false };
  const status = make("span", { class: "wb-status", role: "status" });
  const search = make("input", { type: "search", placeholder: "Search title, artist, file", "aria-label": "Search" });
  const [xAxis, yAxis] = ["x", "y"].map((axis) => make("select", { "aria-label": `Scatter: ${axis}` }));
  let counts = { n_found: 0, n_all: 0 };

  const grid = makeGrid({ line, choice, player, covers, query, onQuery: changeQuery, onRows: takeCounts });
  const play = (row) => {
    player.toggle(row);
    grid.reveal(row);
  };
  const shared = { line, query, choice, player, onPlay: play };
  const map = makePlane({ ...shared, kind: "map", axes: () => ["map", "map"], label: "Map: passages that lie near one another sound alike" });
  const scatter = makePlane({ ...shared, kind: "points", axes: () => [xAxis.value, yAxis.value], label: "Scatter of two numbers" });
  const planes = [map, scatter];

  const root = make("div", { class: "wkmp wk-browse", "data-lm-suppress-shortcuts": "true" }, [
    make("div", { class: "wb-tools" }, [search, status, player.box]),
    make("div", { class: "wb-main" }, [
      grid.box,
      make("div", { class: "wb-planes" }, [
        make("section", {}, [make("div", { class: "wb-title" }, [make("b", { text: "Map" }), map.words]), map.room]),
        make("section", {}, [
          make("div", { class: "wb-title" }, [make("b", { text: "Scatter" }), yAxis, make("span", { text: "over" }), xAxis]),
          scatter.room,
        ]),
      ]),
    ]),
  ]);
  el.append(root);

  function changeQuery() {
    grid.ask();
    planes.forEach((plane) => plane.ask());
  }

  function takeCounts(said) {
    counts = said;
    tellCounts();
  }

  function tellCounts() {
    const { n_found: found, n_all: all } = counts;
    const rows = found === all ? count(all, "passage") : `${found.toLocaleString("en")} of ${count(all, "passage")}`;
    say(status, choice.size ? `${rows}, ${choice.size.toLocaleString("en")} selected` : rows);
  }

  function offerAxes(said) {
    [xAxis, yAxis].forEach((select, n) => {
      const was = select.value || AXES[n];
      select.replaceChildren(...said.axes.map((name) => make("option", { value: name, text: name })));
      select.value = said.axes.includes(was) ? was : (said.axes[n] ?? "");
    });
  }

  line.on("begin", (said) => {
    offerAxes(said);
    grid.show(said);
    planes.forEach((plane) => plane.ask());
  });
  line.on("changed", (said) => {
    if (said.head) {
      offerAxes(said.head);
      grid.show(said.head);
    } else grid.renew();
    planes.forEach((plane) => plane.renew());
  });
  line.on("error", (said) => say(status, said.words));
  choice.listen(tellCounts);
  search.addEventListener("input", calm(() => {
    query.search = search.value;
    changeQuery();
  }, TYPING_MS));
  for (const select of [xAxis, yAxis]) select.addEventListener("change", scatter.ask);
  // What was decided by hand meanwhile is looked for when one comes back.
  root.addEventListener("pointerenter", () => line.ask("look"));
  root.addEventListener("focusin", (event) => {
    if (!root.contains(event.relatedTarget)) line.ask("look");
  });
  line.ask("begin");

  return () => {
    for (const part of [line, player, covers, grid, ...planes]) part.close();
  };
}

export default { render };
