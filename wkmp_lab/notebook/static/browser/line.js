// The line to the kernel: questions of this page, and the answers to its latest ones.

/**
 * Messages go to the kernel as `do`, and come back as `is`. Several pages may show one browser: what
 * is meant for another one is passed over, and so is an answer to a question that was asked anew.
 */
export function openLine(model) {
  const me = Math.random().toString(36).slice(2);
  const latest = new Map();
  const ears = new Map();
  let last = 0;

  function hear(said, buffers) {
    if (said.to !== undefined && said.to !== me) return;
    for (const ear of ears.get(said.is) ?? []) ear(said, buffers ?? []);
  }
  model.on("msg:custom", hear);

  return {
    me,
    /** Ask something; the number of the question is returned. */
    ask(what, values = {}, buffers = []) {
      last += 1;
      latest.set(what, last);
      model.send({ do: what, me, token: last, ...values }, undefined, buffers);
      return last;
    },
    /** True for an answer to the latest question of its kind. */
    isLatest: (what, said) => latest.get(what) === said.token,
    /** Call `ear(message, buffers)` for each message of a kind. */
    on(kind, ear) {
      ears.set(kind, [...(ears.get(kind) ?? []), ear]);
    },
    close: () => model.off("msg:custom", hear),
  };
}
