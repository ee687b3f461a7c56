// The table: as many rows as fit are elements, all others are a number and a height.

import { findWidths, makeHead } from "./head.js";
import { make, makeIcon, say, set, setIcon, unpack } from "./parts.js";

export const ROW_PX = 30;
const SPARE = 6; // rows kept ready above and below those in sight
const AHEAD = 40; // rows asked for beyond them
const MAX_KNOWN = 4000;
const N_HEAD = 2; // rows of the head, as assistive technology counts

/** The table; `query` is the question that its rows answer, changed by its head. */
export function makeGrid({ line, choice, player, covers, query, onQuery, onRows }) {
  const body = make("div", { class: "wb-body", role: "rowgroup" });
  const box = make("div", {
    class: "wb-table",
    role: "grid",
    tabindex: 0,
    "aria-label": "Passages",
    "aria-multiselectable": "true",
  }, [body]);
  const id = `wk-${line.me}`;
  const known = new Map();
  let pool = [];
  let columns = [];
  let hasCovers = false;
  let nFound = 0;
  let version = -1;
  let pending = "ask"; // why all rows are asked for anew: another question, other rows, a row far off
  let cursor = 0;
  let cursorRow = null;
  let anchor = 0;
  let head = null;

  // -- rows in sight ---------------------------------------------------------------------------

  const headPx = () => head?.offsetHeight ?? 0;
  const roomPx = () => Math.max(box.clientHeight - headPx(), ROW_PX);
  const firstSeen = () => Math.floor(box.scrollTop / ROW_PX);
  const nSeen = () => Math.ceil(roomPx() / ROW_PX) + 1;

  function makePool() {
    const n = nSeen() + 2 * SPARE;
    if (pool.length === n) return;
    pool.forEach((each) => each.element.remove());
    pool = Array.from({ length: n }, (_, k) => makeRow(k));
    body.append(...pool.map((each) => each.element));
  }

  function makeRow(k) {
    const icon = makeIcon("play");
    const button = make("button", { type: "button", class: "wb-play", tabindex: -1 }, [icon]);
    const cover = make("img", { alt: "", width: 26, height: 26 });
    const cells = columns.map((column) => {
      const isNumber = column.kind === "number" || column.kind === "clock";
      return make("div", { class: isNumber ? "wb-cell n" : "wb-cell", role: "gridcell" });
    });
    const first = [make("div", { class: "wb-cell", role: "gridcell" }, [button])];
    if (hasCovers) first.push(make("div", { class: "wb-cell", role: "gridcell" }, [cover]));
    const element = make("div", { class: "wb-line wb-row", role: "row", id: `${id}-${k}` }, [
      ...first,
      ...cells,
    ]);
    const made = { element, button, icon, cover, cells, position: -1, row: null };
    button.addEventListener("click", (event) => {
      event.stopPropagation();
      if (made.row) player.toggle(made.row.row);
    });
    return made;
  }

  function paint() {
    makePool();
    const first = Math.max(firstSeen() - SPARE, 0);
    for (let position = first; position < first + pool.length; position += 1) {
      paintRow(pool[position % pool.length], position);
    }
    const shown = pool[cursor % pool.length];
    set(box, "aria-activedescendant", shown?.position === cursor ? shown.element.id : null);
  }

  function paintRow(made, position) {
    const row = known.get(position) ?? null;
    const { element } = made;
    element.hidden = position >= nFound;
    if (made.position !== position) {
      made.position = position;
      element.style.transform = `translateY(${position * ROW_PX}px)`;
      set(element, "aria-rowindex", position + N_HEAD + 1);
    }
    if (made.row !== row) {
      made.row = row;
      made.cells.forEach((cell, k) => paintCell(cell, columns[k], row, k));
      set(made.button, "aria-label", row ? `Play ${row.name}` : "Play");
      made.button.disabled = row === null;
    }
    if (hasCovers) set(made.cover, "src", (row?.has_cover && covers.find(row.row)) || null);
    const state = row ? player.state(row.row) : "still";
    setIcon(made.icon, state === "playing" ? "pause" : "play");
    set(made.button, "aria-pressed", state === "playing");
    set(made.button, "aria-busy", state === "waiting");
    set(element, "aria-selected", row !== null && choice.has(row.row));
    element.classList.toggle("wb-cursor", position === cursor);
    element.classList.toggle("wb-sounding", state !== "still");
  }

  function paintCell(cell, column, row, k) {
    const words = row?.cells[k] ?? "";
    const isTold = row?.is_told && (column.name === "title" || column.name === "artist");
    say(cell, words);
    set(cell, "title", words && isTold ? `${words} (as the file says itself)` : words || null);
    set(cell, "data-choice", column.kind === "choice" && words ? words : null);
    cell.classList.toggle("wb-told", Boolean(isTold && words));
  }

  // -- rows from the kernel --------------------------------------------------------------------

  /** Ask for what is in sight and not known; where all is asked anew, for all that is in sight. */
  function fetchRows() {
    const first = Math.max(firstSeen() - SPARE, 0);
    const last = Math.min(firstSeen() + nSeen() + SPARE, nFound - 1);
    const n = nSeen() + 2 * SPARE + AHEAD;
    if (pending === "ask") line.ask("rows", { query, first: 0, n });
    else if (pending === "reveal") {
      line.ask("rows", { query, first: 0, n, anchor: cursorRow, lead: Math.floor(n / 2) });
    } else if (pending === "renew") line.ask("rows", { query, first, n, ...findSteady(first) });
    else {
      let from = first;
      while (from <= last && known.has(from)) from += 1;
      if (from <= last) line.ask("rows", { query, first: from, n: last - from + 1 + AHEAD });
    }
  }

  /** The row that is to stay where it is when others come: the first in sight, but at the top. */
  function findSteady(first) {
    const row = box.scrollTop > 0 ? known.get(firstSeen()) : undefined;
    return row ? { anchor: row.row, lead: firstSeen() - first } : {};
  }

  function takeRows(said) {
    if (!line.isLatest("rows", said)) return;
    const was = { pending, seen: firstSeen() };
    pending = null;
    if (was.pending || said.version !== version || known.size > MAX_KNOWN) known.clear();
    version = said.version;
    nFound = said.n_found;
    said.rows.forEach((row, k) => known.set(said.first + k, row));
    body.style.height = `${nFound * ROW_PX}px`;
    set(box, "aria-rowcount", nFound + N_HEAD);
    if (was.pending === "ask") box.scrollTop = cursor = 0;
    else if (said.anchor_at !== null && was.pending === "reveal") bringIntoSight(said.anchor_at);
    else if (said.anchor_at !== null) box.scrollTop += (said.anchor_at - was.seen) * ROW_PX;
    for (const [position, row] of known) if (row.row === cursorRow) cursor = position;
    cursor = Math.max(Math.min(cursor, nFound - 1), 0);
    paint();
    fetchRows();
    askCovers();
    onRows(said);
  }
  line.on("rows", takeRows);

  let coverTimer = 0;
  function askCovers() {
    if (!hasCovers) return;
    clearTimeout(coverTimer);
    coverTimer = setTimeout(() => {
      const rows = pool.filter((each) => each.row?.has_cover && !each.element.hidden);
      covers.ask(rows.map((each) => each.row.row));
    }, 120);
  }

  // -- where one is ----------------------------------------------------------------------------

  function bringIntoSight(position) {
    cursor = position;
    const top = position * ROW_PX;
    const room = roomPx();
    if (top < box.scrollTop) box.scrollTop = top;
    else if (top + ROW_PX > box.scrollTop + room) box.scrollTop = top + ROW_PX - room;
  }

  function moveTo(position, { isMore = false } = {}) {
    const next = Math.max(Math.min(position, nFound - 1), 0);
    if (nFound === 0) return;
    bringIntoSight(next);
    cursorRow = known.get(next)?.row ?? null;
    if (isMore) chooseTo(next);
    else anchor = next;
    paint();
    fetchRows();
  }

  function chooseTo(position) {
    const [first, last] = [Math.min(anchor, position), Math.max(anchor, position)];
    const rows = [];
    for (let at = first; at <= last && known.has(at); at += 1) rows.push(known.get(at).row);
    if (rows.length === last - first + 1) choice.choose(rows);
    else line.ask("ids", { query, first, last });
  }
  line.on("ids", (said, buffers) => {
    if (!line.isLatest("ids", said)) return;
    choice.choose(unpack(Int32Array, buffers[0]));
  });

  const keys = {
    ArrowDown: (event) => moveTo(cursor + 1, { isMore: event.shiftKey }),
    ArrowUp: (event) => moveTo(cursor - 1, { isMore: event.shiftKey }),
    PageDown: (event) => moveTo(cursor + nSeen() - 2, { isMore: event.shiftKey }),
    PageUp: (event) => moveTo(cursor - nSeen() + 2, { isMore: event.shiftKey }),
    Home: (event) => moveTo(0, { isMore: event.shiftKey }),
    End: (event) => moveTo(nFound - 1, { isMore: event.shiftKey }),
    Enter: () => known.has(cursor) && player.toggle(known.get(cursor).row),
    " ": () => known.has(cursor) && choice.toggle(known.get(cursor).row),
    Escape: () => choice.choose([]),
  };
  box.addEventListener("keydown", (event) => {
    if (event.target.closest("input, summary, details, .wb-head button")) return;
    const isAll = event.key === "a" && (event.ctrlKey || event.metaKey);
    if (isAll) line.ask("ids", { query, first: 0, last: nFound - 1 });
    else if (keys[event.key] && !event.ctrlKey && !event.metaKey) keys[event.key](event);
    else return;
    event.preventDefault();
    event.stopPropagation();
  });
  body.addEventListener("click", (event) => {
    const made = pool.find((each) => each.element.contains(event.target));
    if (!made?.row) return;
    const isMore = event.ctrlKey || event.metaKey;
    if (isMore) choice.toggle(made.row.row);
    else if (!event.shiftKey) choice.choose([made.row.row]);
    moveTo(made.position, { isMore: event.shiftKey });
  });
  body.addEventListener("dblclick", (event) => {
    const made = pool.find((each) => each.element.contains(event.target));
    if (made?.row && !event.target.closest("button")) player.toggle(made.row.row);
  });
  box.addEventListener("scroll", () => {
    paint();
    fetchRows();
    askCovers();
  }, { passive: true });
  choice.listen(paint);
  player.listen(paint);
  covers.listen(paint);
  const sizes = new ResizeObserver(() => {
    paint();
    if (version >= 0) fetchRows();
  });
  sizes.observe(box);

  return {
    box,
    get nFound() {
      return nFound;
    },
    /** Begin with these columns. */
    show(said) {
      columns = said.columns;
      hasCovers = said.has_covers;
      head?.remove();
      head = makeHead({ columns, hasCovers, query, onQuery });
      box.prepend(head);
      const { template, leastPx } = findWidths(columns, hasCovers);
      box.style.setProperty("--wk-columns", template);
      box.style.setProperty("--wk-least", `${leastPx}px`);
      set(box, "aria-colcount", columns.length + 1 + Number(hasCovers));
      pool.forEach((each) => each.element.remove());
      pool = [];
      this.ask();
    },
    /** Ask anew: the rows stay until others come, and the one on top stays there. */
    renew() {
      pending ??= "renew";
      fetchRows();
    },
    /** Ask another question: its answer is shown from its start. */
    ask() {
      pending = "ask";
      cursorRow = null;
      fetchRows();
    },
    /** Bring a row into sight, and stand on it. */
    reveal(row) {
      pending = "reveal";
      cursorRow = row;
      fetchRows();
    },
    close: () => sizes.disconnect(),
  };
}
