// The picture of the explorer: what is seen, touched and pressed. What it shows comes from the kernel
// as a state; what a person does goes there as a message, and comes back as the next state.

const NEAR_S = 20; // up to so much in sight, samples are asked for
const KEYS = [
  ["Space", "play, pause"], ["← →", "move the cursor (with Shift: far)"], ["Home End", "to the ends"],
  ["+ − 0", "zoom in, out, to the whole"], ["P N", "passage before, next"], ["S", "split at the cursor"],
  ["M", "move the cut to the cursor"], [", .", "move the cut by 10 ms (with Shift: 100 ms)"], ["J", "join"],
  ["C", "to the calmest spot"], ["Ctrl+Z, Ctrl+Y", "undo, redo"],
];
const HINT = "Click to play from there; drag a cut or the threshold; drag elsewhere to pan, with Shift to zoom in; Ctrl and wheel zoom, Shift and wheel pan.";

function make(tag, properties = {}, ...children) {
  const element = document.createElement(tag);
  const { role, label, ...rest } = properties;
  Object.assign(element, rest);
  if (role) element.setAttribute("role", role);
  if (label) element.setAttribute("aria-label", label);
  element.append(...children);
  return element;
}

function readBytes(model, name) {
  const view = model.get(name);
  return view ? new Uint8Array(view.buffer, view.byteOffset, view.byteLength) : new Uint8Array();
}

function copyBuffer(view) {
  return view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength);
}

class Wave {
  constructor(model, root) {
    this.model = model;
    this.id = Math.random().toString(36).slice(2);
    this.frame = model.get("frame");
    this.view = { from_s: 0, to_s: this.frame.duration_s };
    this.cursor_s = 0;
    this.chosen = 0;
    this.player = new Player({
      duration_s: this.frame.duration_s,
      ask: (message) => this.send(message),
      tell: () => this.refresh(),
      fail: (words) => { this.told.textContent = words; },
    });
    this.build(root);
    this.readArrays();
    this.takeState();
    this.listen();
  }

  send(message) {
    this.model.send({ ...message, view: this.id });
  }

  // -- what it is made of -----------------------------------------------------------------------

  build(root) {
    root.classList.add("wkmp-wave");
    root.dataset.lmSuppressShortcuts = "true"; // keys are for the picture, not for the notebook
    const button = (name, title, act) => {
      const made = make("button", { type: "button", textContent: name, title });
      made.addEventListener("click", act);
      return made;
    };
    this.root = root;
    this.play = button("Play", "From the cursor on (Space)", () => this.toggle());
    this.time = make("input", { type: "text", className: "wv-time", spellcheck: false, label: "Time",
      title: "Where the cursor is; type 83.5 or 1:23.5 to go there" });
    this.pick = make("select", { label: "Passage", title: "The passage that is looked at, and the cut before it" });
    this.cut = button("Play the cut before it", "5 s before and after", () => this.playCut());
    this.fade = button("Play the cross-fade into it", "The end of the passage before and its start, overlapped by their lead points",
      () => this.player.crossfade(this.chosen));
    this.near = button("Look near", "5 s before and after the cut", () => this.lookNear());
    this.join = button("Join", "Take the cut before it away (J)", () => this.edit("join"));
    this.calm = button("To the calmest spot", "Move it to the quietest place within 2 s (C)", () => this.edit("snap"));
    this.here = button("Move here", "Move the cut before it to the cursor (M)", () => this.moveHere());
    this.undo = button("Undo", "Take back the latest change (Ctrl+Z)", () => this.send({ kind: "undo" }));
    this.redo = button("Redo", "Make it again (Ctrl+Y)", () => this.send({ kind: "redo" }));
    this.back = button("As found", "Forget what was set by hand, and cut as the sliders say", () => this.send({ kind: "release" }));
    this.told = make("span", { className: "wv-told", role: "status" });
    const group = (label, ...parts) => make("span", { className: "wv-group", role: "group", label }, ...parts);
    this.base = make("canvas");
    this.top = make("canvas", { className: "wv-top" });
    this.picture = make("div", { className: "wv-picture", tabIndex: 0, role: "slider", title: "" }, this.base, this.top);
    const legend = [["level", "level"], ["loudness", "loudness (LUFS, 3 s)"], ["cut", "cut, threshold"],
      ["lead", "lead points"], ["sound", "first, last sound; beats"]];
    root.append(
      make("div", { className: "wv-row" },
        group("Sound", this.play, this.time),
        group("Listen", this.pick, button("Play its start", "From its first sample on", () => this.playStart()), this.cut, this.fade)),
      this.picture,
      make("div", { className: "wv-row" },
        group("Zoom", button("−", "Zoom out (−)", () => this.zoom(2)), button("+", "Zoom in (+)", () => this.zoom(0.5)),
          button("Whole", "The whole file (0)", () => this.look(0, this.frame.duration_s)), this.near),
        group("Cuts", button("Split", "Cut at the cursor (S)", () => this.split()), this.here, this.calm, this.join),
        group("Changes", this.undo, this.redo, this.back)),
      make("div", { className: "wv-legend" },
        ...legend.map(([color, words]) => {
          const dot = make("i");
          dot.style.background = COLORS[color];
          return make("span", {}, dot, words);
        }), this.told),
      make("details", { className: "wv-keys" }, make("summary", { textContent: "Mouse and keys" }),
        make("p", { textContent: HINT }),
        make("dl", {}, ...KEYS.map(([keys, words]) => make("div", {}, make("dt", { textContent: keys }), make("dd", { textContent: words }))))),
    );
  }

  listen() {
    const { model, picture } = this;
    this.handlers = {
      "change:state": () => this.takeState(),
      "change:beats_s": () => this.renew(),
      "change:spectrum": () => { this.readArrays(); this.renew(); },
      "msg:custom": (message, buffers) => this.takeMessage(message, buffers),
    };
    for (const [name, handler] of Object.entries(this.handlers)) model.on(name, handler);
    this.time.addEventListener("focus", () => { this.gone = this.time.value; });
    this.time.addEventListener("change", () => this.go());
    // JupyterLab takes from Enter what else would make a change of it.
    this.time.addEventListener("keydown", ({ key }) => { if (key === "Enter") this.go(); });
    this.pick.addEventListener("change", () => this.choose(Number(this.pick.value)));
    this.sizes = new ResizeObserver(() => this.renew());
    this.sizes.observe(picture);
    this.themes = new MutationObserver(() => this.refresh());
    this.themes.observe(document.body, { attributes: true });
    this.watchSharpness();
  }

  /** Draw anew where the page is zoomed, or goes to a finer screen. */
  watchSharpness() {
    const query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    query.addEventListener("change", () => { if (!this.is_closed) { this.watchSharpness(); this.refresh(); } }, { once: true });
  }

  close() {
    this.is_closed = true;
    this.player.close();
    this.sizes.disconnect();
    this.themes.disconnect();
    for (const [name, handler] of Object.entries(this.handlers)) this.model.off(name, handler);
  }

  // -- what the kernel tells --------------------------------------------------------------------

  readArrays() {
    this.frame = this.model.get("frame");
    this.arrays = {
      level: readBytes(this.model, "level"),
      peak: readBytes(this.model, "peak"),
      loudness: readBytes(this.model, "loudness"),
      image: paintSpectrum(readBytes(this.model, "spectrum"), this.frame.n_bands || 1),
    };
  }

  takeState() {
    this.state = this.model.get("state");
    const { passages } = this.state;
    this.chosen = Math.max(Math.min(this.wished ?? this.chosen, passages.length - 1), 0);
    this.wished = null;
    const is_there = this.pending && Math.abs(passages[this.pending.number + 1]?.start_s - this.pending.to_s) < 0.002;
    if (is_there) this.pending = null;
    const lead = this.pendingLead;
    if (lead && Math.abs(passages[lead.passage]?.[lead.name] - lead.to_s) < 0.002) this.pendingLead = null;
    const names = this.state.passages.map(({ start_s, end_s }, index) => `#${index}, ${formatClock(start_s)} to ${formatClock(end_s)}`);
    if (this.pick.options.length !== names.length) {
      this.pick.replaceChildren(...names.map((_, index) => make("option", { value: index })));
    }
    names.forEach((name, index) => { this.pick.options[index].textContent = name; });
    this.pick.value = this.chosen;
    this.picture.setAttribute("aria-label", this.describe());
    this.renew();
  }

  describe() {
    const n = this.state.passages.length;
    const cuts = this.cuts().map((at_s) => formatClock(at_s, 0.1)).join(", ");
    return `Level, wave and spectrogram of ${this.frame.name}: ${n} passage${n === 1 ? "" : "s"}${cuts ? `, cut at ${cuts}` : ""}`;
  }

  takeMessage(message, buffers) {
    if (message.view !== this.id) return;
    if (message.kind === "clip") this.player.take(message, copyBuffer(buffers[0]));
    if (message.kind === "silence") this.player.stop();
    if (message.kind === "cursor") this.place(message.at_s, { in_sight: true });
    if (message.kind === "detail") {
      const values = new Float32Array(copyBuffer(buffers[0]));
      const length = values.length / message.n_rows;
      const rows = Array.from({ length: message.n_rows }, (_, row) => values.subarray(row * length, (row + 1) * length));
      const image = paintSpectrum(new Uint8Array(copyBuffer(buffers[1])), this.frame.n_bands);
      this.detail = { ...message, rows, image };
      this.renew();
    }
  }

  // -- what is shown ----------------------------------------------------------------------------

  /** Cuts in seconds; that which is dragged, where it is dragged to. */
  cuts() {
    const moved = this.drag?.kind === "cut" ? this.drag : this.pending;
    return this.state.passages.slice(1).map(({ start_s }, number) => (moved?.number === number ? moved.to_s : start_s));
  }

  /** Passages, the lead point that is dragged where it is dragged to. */
  passages() {
    const moved = this.drag?.kind === "lead" ? this.drag : this.pendingLead;
    if (!moved) return this.state.passages;
    return this.state.passages.map((passage, index) => (index === moved.passage ? { ...passage, [moved.name]: moved.to_s } : passage));
  }

  /** Draw all anew. */
  renew() {
    this.is_stale = true;
    this.refresh();
  }

  /** Draw soon what has changed. */
  refresh() {
    if (this.is_due) return;
    this.is_due = true;
    requestAnimationFrame(() => { this.is_due = false; if (!this.is_closed) this.draw(); });
  }

  draw() {
    const heard_s = this.player.find();
    if (heard_s !== null) this.follow(heard_s);
    const width = this.picture.clientWidth;
    if (width) {
      const layout = makeLayout(width);
      const scale = makeScale(this.view.from_s, this.view.to_s, layout.left, layout.right);
      Object.assign(this, { layout, scale });
      const ink = this.findInk();
      // The picture below changes seldom; the cursor above moves sixty times a second.
      const key = JSON.stringify([this.view, width, devicePixelRatio, ink, this.drag, this.pending, this.pendingLead, this.chosen]);
      if (key !== this.drawn || this.is_stale) this.drawBase(layout, scale, ink);
      [this.drawn, this.is_stale] = [key, false];
      this.drawTop(layout, scale, ink);
    }
    this.showControls();
    if (this.player.is_playing) this.refresh();
  }

  findInk() {
    const style = getComputedStyle(this.root);
    const family = style.fontFamily;
    return { text: style.color, soft: style.getPropertyValue("--wv-soft").trim() || style.color, family, font: `11px ${family}` };
  }

  prepare(canvas, layout, ink) {
    const sharpness = window.devicePixelRatio || 1;
    const size = [Math.round(layout.width * sharpness), Math.round(layout.height * sharpness)];
    const context = canvas.getContext("2d");
    if (canvas.width !== size[0] || canvas.height !== size[1]) {
      [canvas.width, canvas.height] = size;
      canvas.style.height = `${layout.height}px`;
    }
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.clearRect(0, 0, ...size);
    context.setTransform(sharpness, 0, 0, sharpness, 0, 0);
    context.font = ink.font;
    context.textBaseline = "middle";
    return context;
  }

  drawBase(layout, scale, ink) {
    const context = this.prepare(this.base, layout, ink);
    const step = 1 / (window.devicePixelRatio || 1);
    const shown = { ...this.arrays, ...this.state, passages: this.passages(), frame: this.frame, detail: this.detail, step, layout,
      chosen: this.chosen, beats_s: this.model.get("beats_s"), cuts_s: this.cuts() };
    drawMap(context, shown, scale, layout.map, ink);
    drawLevels(context, shown, scale, layout.level, ink);
    drawWave(context, shown, scale, layout.wave, ink);
    drawSpectrum(context, shown, scale, layout.spectrum, ink);
    drawMarks(context, shown, scale, ink);
    const dragged = this.drag?.kind === "threshold" ? this.drag.dbfs : this.state.threshold_dbfs;
    drawThreshold(context, dragged, scale, layout.level, ink);
    shown.cuts_s.forEach((at_s, number) => drawCut(context, at_s, scale, layout, number === this.chosen - 1));
    drawAxis(context, scale, layout.axis, ink);
    const { from_s, to_s } = this.view;
    this.root.dataset.view = `${from_s} ${to_s}`;
    this.root.dataset.detail = covers(this.detail, scale) ? (this.detail.are_samples ? "samples" : "columns") : "none";
  }

  drawTop(layout, scale, ink) {
    const context = this.prepare(this.top, layout, ink);
    const { top } = layout.strip;
    if (this.drag?.kind === "select") {
      const [a, b] = [scale.x(this.drag.start_s), scale.x(this.drag.to_s)];
      context.fillStyle = COLORS.faint;
      context.fillRect(Math.min(a, b), top, Math.abs(b - a), layout.spectrum.bottom - top);
    }
    if (isIn(scale, this.cursor_s)) {
      context.fillStyle = ink.text;
      context.fillRect(scale.x(this.cursor_s) - 0.75, top, 1.5, layout.spectrum.bottom - top);
      // On the spectrogram, which is dark in every theme.
      context.fillStyle = "#ffffff";
      context.fillRect(scale.x(this.cursor_s) - 0.75, layout.spectrum.top, 1.5, layout.spectrum.bottom - layout.spectrum.top);
    }
    if (this.hover && !this.drag && this.hover.y > layout.strip.bottom && this.hover.y < layout.axis.top) {
      const at_s = scale.time(this.hover.x);
      context.fillStyle = ink.soft;
      context.fillRect(this.hover.x - 0.5, layout.level.top, 1, layout.spectrum.bottom - layout.level.top);
      const text = formatClock(at_s, 1 / Math.max(scale.each, 10));
      const half = context.measureText(text).width / 2 + 4;
      const x = Math.min(Math.max(this.hover.x, layout.left + half), layout.right - half);
      context.fillStyle = "rgba(0, 0, 0, 0.75)";
      context.fillRect(x - half, layout.spectrum.bottom - 17, 2 * half, 17);
      context.fillStyle = "#ffffff";
      context.textAlign = "center";
      context.fillText(text, x, layout.spectrum.bottom - 8);
    }
  }

  showControls() {
    const { state, player, cursor_s, chosen } = this;
    const at = formatClock(cursor_s, 0.01);
    this.play.textContent = player.is_playing ? "Pause" : "Play";
    if (document.activeElement !== this.time) this.time.value = at;
    for (const button of [this.cut, this.fade, this.near, this.join, this.calm, this.here]) button.disabled = chosen === 0;
    [this.undo.disabled, this.redo.disabled, this.back.disabled] = [!state.can_undo, !state.can_redo, !state.can_release];
    const index = Math.max(state.passages.findLastIndex(({ start_s }) => start_s <= cursor_s), 0);
    for (const [name, value] of [["min", 0], ["max", this.frame.duration_s.toFixed(3)], ["now", cursor_s.toFixed(3)], ["text", `${at}, passage #${index}`]]) {
      this.picture.setAttribute(`aria-value${name}`, value);
    }
    this.root.dataset.playing = player.is_playing;
  }

  // -- where one looks --------------------------------------------------------------------------

  look(from_s, to_s) {
    const { duration_s, sr } = this.frame;
    const length_s = Math.min(Math.max(to_s - from_s, 32 / sr), duration_s);
    const start_s = Math.min(Math.max((from_s + to_s - length_s) / 2, 0), duration_s - length_s);
    this.view = { from_s: start_s, to_s: start_s + length_s };
    this.refresh();
    clearTimeout(this.asking);
    this.asking = setTimeout(() => this.askDetail(), 60);
  }

  askDetail() {
    const { from_s, to_s } = this.view;
    const length_s = to_s - from_s;
    if (length_s > NEAR_S || !this.scale || covers(this.detail, this.scale)) return;
    const n_columns = Math.ceil(1.5 * this.picture.clientWidth * (window.devicePixelRatio || 1));
    this.send({ kind: "detail", start_s: Math.max(from_s - length_s / 4, 0), end_s: to_s + length_s / 4, n_columns });
    const cut_s = this.cuts().find((at_s) => at_s >= from_s && at_s <= to_s);
    if (cut_s !== undefined) this.send({ kind: "near", at_s: cut_s });
  }

  zoom(factor, at_s = isIn(this.scale, this.cursor_s) ? this.cursor_s : (this.view.from_s + this.view.to_s) / 2) {
    const { from_s, to_s } = this.view;
    this.look(at_s - (at_s - from_s) * factor, at_s + (to_s - at_s) * factor);
  }

  pan(by_s) {
    this.look(this.view.from_s + by_s, this.view.to_s + by_s);
  }

  lookNear() {
    const at_s = this.cuts()[this.chosen - 1];
    this.look(at_s - 5, at_s + 5);
  }

  /** Keep what is heard in sight: turn the page where it leaves it. */
  follow(heard_s) {
    const { from_s, to_s } = this.view;
    const was_seen = this.cursor_s >= from_s && this.cursor_s <= to_s;
    this.cursor_s = heard_s;
    if (was_seen && !this.drag && (heard_s < from_s || heard_s > to_s)) {
      this.look(heard_s - 0.05 * (to_s - from_s), heard_s + 0.95 * (to_s - from_s));
    }
  }

  place(at_s, { in_sight = false } = {}) {
    this.cursor_s = Math.min(Math.max(at_s, 0), this.frame.duration_s);
    const { from_s, to_s } = this.view;
    if (in_sight && (this.cursor_s < from_s || this.cursor_s > to_s)) this.pan(this.cursor_s - (from_s + to_s) / 2);
    this.refresh();
  }

  /** Go where the time that was typed is; the kernel reads it. */
  go() {
    if (this.time.value === this.gone) return;
    this.gone = this.time.value;
    this.send({ kind: "go", typed: this.gone });
  }

  choose(index) {
    this.chosen = Math.min(Math.max(index, 0), this.state.passages.length - 1);
    this.pick.value = this.chosen;
    this.place(this.state.passages[this.chosen]?.start_s ?? 0, { in_sight: true });
  }

  // -- what is heard ----------------------------------------------------------------------------

  toggle() {
    if (this.player.is_playing) this.player.stop();
    else this.player.play(this.cursor_s < this.frame.duration_s - 0.01 ? this.cursor_s : 0);
  }

  playStart() {
    this.choose(this.chosen);
    this.player.play(this.cursor_s);
  }

  playCut() {
    const at_s = this.cuts()[this.chosen - 1];
    this.player.play(Math.max(at_s - 5, 0), at_s + 5);
  }

  // -- what is changed --------------------------------------------------------------------------

  edit(kind) {
    if (this.chosen > 0) this.send({ kind, number: this.chosen - 1 });
  }

  split() {
    this.wished = this.cuts().filter((at_s) => at_s < this.cursor_s).length + 1;
    this.send({ kind: "split", at_s: this.cursor_s });
  }

  moveTo(to_s, is_last) {
    if (this.chosen === 0) return;
    // Shown there until the kernel has cut there, or has had the time to refuse it.
    this.pending = { number: this.chosen - 1, to_s };
    this.forgetSoon();
    this.send({ kind: "move", number: this.chosen - 1, to_s, is_last });
    this.refresh();
  }

  moveLead({ passage, name, to_s }) {
    this.pendingLead = { passage, name, to_s };
    this.forgetSoon();
    this.send({ kind: "lead", passage, name, to_s, is_last: true });
    this.refresh();
  }

  forgetSoon() {
    clearTimeout(this.forgetting);
    this.forgetting = setTimeout(() => { this.pending = this.pendingLead = null; this.renew(); }, 1500);
  }

  moveHere() {
    this.moveTo(this.cursor_s, true);
  }
}
