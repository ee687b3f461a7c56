// The pictures that files carry, asked for when their rows are in sight.

/** Covers by row; one that is not there is not asked for twice. */
export function openCovers(line) {
  const urls = new Map();
  const ears = [];
  line.on("cover", (said, buffers) => {
    const picture = buffers[0] && new Blob([buffers[0]], { type: "image/jpeg" });
    urls.set(said.row, picture ? URL.createObjectURL(picture) : null);
    for (const ear of ears) ear();
  });
  return {
    find: (row) => urls.get(row) ?? null,
    ask(rows) {
      const missing = rows.filter((row) => !urls.has(row));
      if (missing.length) line.ask("covers", { rows: missing });
    },
    listen: (ear) => ears.push(ear),
    close: () => urls.forEach((url) => url && URL.revokeObjectURL(url)),
  };
}
