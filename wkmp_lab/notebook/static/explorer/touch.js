// What mouse and keys do to the picture of the explorer.

const REACH = 5; // pixels beside a line that still count as on it
const LEAD_HEIGHT = 30;
const MOVED = 4; // pixels that make a drag of a click

class TouchedWave extends Wave {
  listen() {
    super.listen();
    const { picture, root } = this;
    picture.addEventListener("pointerdown", (event) => this.press(event));
    picture.addEventListener("pointermove", (event) => this.drift(event));
    picture.addEventListener("pointerup", (event) => this.drop(event));
    picture.addEventListener("pointercancel", () => { this.drag = null; this.refresh(); });
    picture.addEventListener("pointerleave", () => { this.hover = null; this.refresh(); });
    picture.addEventListener("wheel", (event) => this.roll(event), { passive: false });
    root.addEventListener("keydown", (event) => this.key(event));
  }

  locate(event) {
    const box = this.picture.getBoundingClientRect();
    const [x, y] = [event.clientX - box.left, event.clientY - box.top];
    return { x, y, at_s: this.scale.time(Math.min(Math.max(x, this.layout.left), this.layout.right)) };
  }

  /** What lies under the pointer. */
  touch({ x, y }) {
    const { layout, scale, state } = this;
    if (y < layout.map.bottom + 3) return { kind: "map" };
    const is_tag = x > layout.right - 84 && Math.abs(y - placeLevel(layout.level, state.threshold_dbfs)) < 10;
    if (is_tag) return { kind: "threshold" };
    const distances = this.cuts().map((at_s) => Math.abs(scale.x(at_s) - x));
    const number = distances.indexOf(Math.min(...distances));
    const lead = this.touchLead(x, y);
    if (lead) return lead;
    if (number >= 0 && distances[number] <= REACH) return { kind: "cut", number };
    return { kind: "free" };
  }

  /** A lead point under the pointer; grips stand at the foot of the level. */
  touchLead(x, y) {
    const { level } = this.layout;
    if (y < level.bottom - LEAD_HEIGHT || y > level.bottom) return null;
    const found = this.state.passages.flatMap((passage, index) => [["lead_in_s", 1], ["lead_out_s", -1]].map(([name, way]) => {
      const by = (x - this.scale.x(passage[name])) * way; // the grip lies on this side of its line
      return { kind: "lead", passage: index, name, far: by < 0 ? -2 * by : by - 9 };
    })).filter(({ far }) => far <= REACH);
    return found.sort((one, other) => one.far - other.far)[0] ?? null;
  }

  press(event) {
    if (event.button !== 0 || !this.scale) return;
    const point = this.locate(event);
    const found = this.touch(point);
    this.picture.setPointerCapture(event.pointerId);
    this.drag = { ...found, ...point, start_s: point.at_s, to_s: point.at_s, view: this.view };
    if (found.kind === "cut") {
      this.chosen = found.number + 1;
      this.pick.value = this.chosen;
      this.drag.to_s = this.state.passages[this.chosen].start_s;
    }
    if (found.kind === "lead") this.drag.to_s = this.state.passages[found.passage][found.name];
    if (found.kind === "threshold") this.drag.dbfs = this.state.threshold_dbfs;
    if (found.kind === "map") this.dragMap(point);
    this.refresh();
  }

  drift(event) {
    if (!this.scale) return;
    const point = this.locate(event);
    this.hover = point;
    if (this.drag) this.pull(point, event);
    else this.showTouch(point);
    this.refresh();
  }

  pull(point, event) {
    const { drag } = this;
    const by = point.x - drag.x;
    if (drag.kind === "map") this.dragMap(point);
    if (drag.kind === "threshold") {
      const { top, bottom } = this.layout.level;
      const share = (bottom - Math.min(Math.max(point.y, top), bottom)) / (bottom - top);
      drag.dbfs = Math.min(Math.round(10 * (FLOOR_DB + share * (TOP_DB - FLOOR_DB))) / 10, -10);
      this.tellSeldom({ kind: "threshold", dbfs: drag.dbfs, is_last: false });
    }
    if (drag.kind === "cut" && (drag.is_moved ||= Math.abs(by) >= MOVED)) {
      drag.to_s = this.limit(drag.number, point.at_s);
      this.tellSeldom({ kind: "move", number: drag.number, to_s: drag.to_s, is_last: false });
    }
    if (drag.kind === "lead" && (drag.is_moved ||= Math.abs(by) >= MOVED)) {
      const { start_s, end_s } = this.state.passages[drag.passage];
      drag.to_s = Math.min(Math.max(point.at_s, start_s), end_s);
      const { passage, name, to_s } = drag;
      this.tellSeldom({ kind: "lead", passage, name, to_s, is_last: false });
    }
    if (drag.kind === "free" && Math.abs(by) >= MOVED) {
      drag.kind = event.shiftKey || this.isWhole() ? "select" : "pan";
    }
    if (drag.kind === "select") drag.to_s = point.at_s;
    if (drag.kind === "pan") {
      const by_s = by / this.scale.each;
      this.look(drag.view.from_s - by_s, drag.view.to_s - by_s);
    }
  }

  drop(event) {
    const { drag } = this;
    this.drag = null;
    clearTimeout(this.telling);
    this.telling = null;
    if (!drag) return;
    if (drag.kind === "threshold") this.send({ kind: "threshold", dbfs: drag.dbfs, is_last: true });
    if (drag.kind === "lead" && drag.is_moved) this.moveLead(drag);
    if (drag.kind === "cut" && drag.is_moved) this.moveTo(drag.to_s, true);
    if (drag.kind === "cut" && !drag.is_moved) this.place(drag.to_s);
    if (drag.kind === "select") this.look(Math.min(drag.start_s, drag.to_s), Math.max(drag.start_s, drag.to_s));
    if (drag.kind === "free") this.click(drag, event);
    this.refresh();
  }

  click({ y, at_s }, event) {
    if (y < this.layout.strip.bottom) {
      this.choose(this.state.passages.findLastIndex(({ start_s }) => start_s <= at_s));
      return;
    }
    this.player.stop();
    this.place(at_s);
    if (!event.shiftKey) this.player.play(at_s);
  }

  dragMap({ x }) {
    const whole = makeScale(0, this.frame.duration_s, this.layout.left, this.layout.right);
    const half_s = (this.view.to_s - this.view.from_s) / 2;
    this.look(whole.time(x) - half_s, whole.time(x) + half_s);
  }

  isWhole() {
    return this.view.to_s - this.view.from_s >= this.frame.duration_s * 0.999;
  }

  /** A cut stays between its neighbours, which are 0.1 s away at least. */
  limit(number, at_s) {
    const marks = [0, ...this.cuts(), this.frame.duration_s];
    return Math.min(Math.max(at_s, marks[number] + 0.11), marks[number + 2] - 0.11);
  }

  /** Of what is dragged the kernel is told ten times a second; the end of it, always. */
  tellSeldom(message) {
    this.latest = message;
    this.telling ??= setTimeout(() => {
      this.telling = null;
      this.send(this.latest);
    }, 100);
  }

  showTouch(point) {
    const { kind } = this.touch(point);
    this.picture.style.cursor = { cut: "ew-resize", lead: "ew-resize", threshold: "ns-resize", map: "pointer" }[kind] ?? "crosshair";
    const { top, bottom } = this.layout.level;
    const is_level = point.y > top && point.y < bottom;
    const gap = is_level && this.state.gaps.find(({ start_s, end_s }) => start_s <= point.at_s && point.at_s <= end_s);
    this.picture.title = gap ? `Gap of ${(gap.end_s - gap.start_s).toFixed(1)} s, ${gap.is_cut ? "cut" : "not cut"}: ${gap.reason}` : "";
  }

  roll(event) {
    if (!this.scale) return;
    const length_s = this.view.to_s - this.view.from_s;
    if (event.ctrlKey || event.metaKey) {
      event.preventDefault();
      this.zoom(1.2 ** Math.sign(event.deltaY), this.locate(event).at_s);
    } else if (!this.isWhole() && (event.shiftKey || Math.abs(event.deltaX) > Math.abs(event.deltaY))) {
      event.preventDefault();
      this.pan(0.15 * length_s * Math.sign(event.deltaX || event.deltaY));
    }
  }

  key(event) {
    const is_control = event.ctrlKey || event.metaKey;
    const { tagName } = event.target;
    if (event.altKey || tagName === "INPUT" || tagName === "SELECT" || tagName === "SUMMARY") return;
    if (tagName === "BUTTON" && (event.key === " " || event.key === "Enter")) return;
    const step_s = (this.view.to_s - this.view.from_s) / (event.shiftKey ? 10 : 100);
    const fine_s = event.shiftKey ? 0.1 : 0.01;
    const cut_s = this.cuts()[this.chosen - 1];
    const acts = is_control
      ? { z: () => this.send({ kind: event.shiftKey ? "redo" : "undo" }), y: () => this.send({ kind: "redo" }) }
      : {
        " ": () => this.toggle(), arrowleft: () => this.seek(-step_s), arrowright: () => this.seek(step_s),
        home: () => this.seek(-Infinity), end: () => this.seek(Infinity),
        "+": () => this.zoom(0.5), "=": () => this.zoom(0.5), "-": () => this.zoom(2), 0: () => this.look(0, this.frame.duration_s),
        p: () => this.choose(this.chosen - 1), n: () => this.choose(this.chosen + 1),
        s: () => this.split(), m: () => this.moveHere(), j: () => this.edit("join"), c: () => this.edit("snap"),
        ",": () => this.nudge(cut_s, -fine_s), ".": () => this.nudge(cut_s, fine_s),
        "<": () => this.nudge(cut_s, -0.1), ">": () => this.nudge(cut_s, 0.1), ";": () => this.nudge(cut_s, -0.1), ":": () => this.nudge(cut_s, 0.1),
      };
    const act = acts[event.key.toLowerCase()];
    if (!act) return;
    event.preventDefault();
    event.stopPropagation();
    act();
  }

  seek(by_s) {
    this.place(this.cursor_s + by_s, { in_sight: true });
    if (this.player.is_playing) this.player.play(this.cursor_s);
  }

  nudge(cut_s, by_s) {
    if (cut_s !== undefined) this.moveTo(this.limit(this.chosen - 1, cut_s + by_s), false);
  }
}

function render({ model, el }) {
  const wave = new TouchedWave(model, el);
  return () => wave.close();
}

export default { render };
