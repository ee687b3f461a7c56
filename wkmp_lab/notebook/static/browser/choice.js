// What is chosen: one set of rows for the table, the planes and the kernel.

import { unpack } from "./parts.js";

/** The chosen rows; the kernel is told of each change, and so is whoever listens. */
export function makeChoice(line) {
  const ears = [];
  let rows = new Set();

  function change(next, isOurs) {
    rows = next;
    if (isOurs) line.ask("select", {}, [Int32Array.from(rows).buffer]);
    for (const ear of ears) ear();
  }
  const take = (buffer) => change(new Set(unpack(Int32Array, buffer)), false);
  line.on("begin", (said, buffers) => take(buffers[0]));
  line.on("selected", (said, buffers) => {
    if (said.by !== line.me) take(buffers[0]);
  });

  return {
    has: (row) => rows.has(row),
    get size() {
      return rows.size;
    },
    /** Choose these rows, instead of those before or with them. */
    choose: (some, isMore = false) => change(new Set(isMore ? [...rows, ...some] : some), true),
    /** Choose a row that was not, or leave it. */
    toggle(row) {
      const next = new Set(rows);
      if (!next.delete(row)) next.add(row);
      change(next, true);
    },
    listen: (ear) => ears.push(ear),
  };
}
