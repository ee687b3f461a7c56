// A plane of points, one a passage: hover names it, a click plays it, a lasso chooses.

import { make, say, unpack } from "./parts.js";

const NEAR_PX = 9;
const DRAG_PX = 4;
const IS_FOUND = 1;
const PAUSE_MS = 4000; // while an import runs, at least so long between two drawings of all points

/** A plane; `axes` tells the two numbers that it shows, which for the map are "map". */
export function makePlane({ line, kind, label, axes, query, choice, player, onPlay }) {
  const base = make("canvas", { role: "img", "aria-label": label });
  const over = make("canvas", { class: "wb-over", "aria-hidden": "true" });
  const tip = make("div", { class: "wb-tip", hidden: true });
  const words = make("span", { class: "wk-soft", role: "status" });
  const room = make("div", { class: "wb-room" }, [base, over, tip]);
  const names = new Map();
  let points = { rows: new Int32Array(), xs: [], ys: [], flags: [] };
  let shown = null; // how the plane lies on the screen
  let near = -1;
  let lasso = null;
  let askedAt = -PAUSE_MS;
  let timer = 0;

  // -- from the kernel -------------------------------------------------------------------------

  function ask() {
    askedAt = performance.now();
    const [x, y] = axes();
    line.ask(kind, { x, y, query });
  }
  line.on(kind, (said, buffers) => {
    if (!line.isLatest(kind, said)) return;
    points = {
      rows: unpack(Int32Array, buffers[0]),
      xs: unpack(Float32Array, buffers[1]),
      ys: unpack(Float32Array, buffers[2]),
      flags: unpack(Uint8Array, buffers[3]),
    };
    near = -1;
    const n = points.rows.length;
    say(words, n ? [`${n.toLocaleString("en")} points`, said.words].filter(Boolean).join(", ") : "no point yet");
    draw();
  });
  line.on("name", (said) => {
    names.set(said.row, said.words);
    if (near >= 0 && points.rows[near] === said.row) showTip(said.words);
  });

  // -- on the screen ---------------------------------------------------------------------------

  const color = (name) => getComputedStyle(room).getPropertyValue(name).trim();

  function fit(canvas) {
    const sharp = window.devicePixelRatio || 1;
    const [width, height] = [room.clientWidth, room.clientHeight];
    if (canvas.width !== Math.round(width * sharp)) canvas.width = Math.round(width * sharp);
    if (canvas.height !== Math.round(height * sharp)) canvas.height = Math.round(height * sharp);
    const context = canvas.getContext("2d");
    context.setTransform(sharp, 0, 0, sharp, 0, 0);
    context.clearRect(0, 0, width, height);
    return context;
  }

  function measure() {
    const margin = kind === "map" ? { left: 10, right: 10, top: 10, bottom: 10 } : { left: 46, right: 12, top: 10, bottom: 22 };
    const [x, y] = [points.xs, points.ys].map(findRange);
    const width = Math.max(room.clientWidth - margin.left - margin.right, 1);
    const height = Math.max(room.clientHeight - margin.top - margin.bottom, 1);
    return {
      x,
      y,
      margin,
      toX: (value) => margin.left + ((value - x.low) / (x.high - x.low)) * width,
      toY: (value) => margin.top + (1 - (value - y.low) / (y.high - y.low)) * height,
    };
  }

  function draw() {
    const pen = fit(base);
    shown = measure();
    if (kind !== "map" && points.rows.length) drawAxes(pen);
    const size = points.rows.length > 3000 ? 2.5 : 5;
    const layers = [
      { is: (k) => !(points.flags[k] & IS_FOUND), ink: "--wk-point", alpha: 0.22, size },
      { is: (k) => points.flags[k] & IS_FOUND, ink: "--wk-point", alpha: 0.75, size },
      { is: (k) => choice.has(points.rows[k]), ink: "--wk-chosen", alpha: 1, size: size + 1.5 },
    ];
    for (const layer of choice.size ? layers : layers.slice(0, 2)) {
      pen.fillStyle = color(layer.ink);
      pen.globalAlpha = layer.alpha;
      for (let k = 0; k < points.rows.length; k += 1) {
        if (!layer.is(k)) continue;
        const [x, y] = [shown.toX(points.xs[k]), shown.toY(points.ys[k])];
        pen.fillRect(x - layer.size / 2, y - layer.size / 2, layer.size, layer.size);
      }
    }
    pen.globalAlpha = 1;
    drawOver();
  }

  function drawAxes(pen) {
    const { margin, toX, toY } = shown;
    const [right, bottom] = [room.clientWidth - margin.right, room.clientHeight - margin.bottom];
    pen.strokeStyle = color("--wk-line");
    pen.fillStyle = color("--wk-soft");
    pen.font = `11px ${getComputedStyle(room).fontFamily}`;
    pen.lineWidth = 1;
    pen.textAlign = "center";
    pen.textBaseline = "top";
    for (const tick of findTicks(shown.x, Math.max(room.clientWidth / 60, 2))) {
      strokeLine(pen, toX(tick), margin.top, toX(tick), bottom);
      pen.fillText(formatTick(tick), toX(tick), bottom + 5);
    }
    pen.textAlign = "right";
    pen.textBaseline = "middle";
    for (const tick of findTicks(shown.y, Math.max(room.clientHeight / 40, 2))) {
      strokeLine(pen, margin.left, toY(tick), right, toY(tick));
      pen.fillText(formatTick(tick), margin.left - 6, toY(tick));
    }
  }

  function drawOver() {
    const pen = fit(over);
    pen.strokeStyle = color("--wk-fg");
    const heard = points.rows.indexOf(player.heard ?? -1);
    for (const [k, radius] of [[heard, 6], [near, 5]]) {
      if (k < 0) continue;
      pen.lineWidth = 1.5;
      pen.beginPath();
      pen.arc(shown.toX(points.xs[k]), shown.toY(points.ys[k]), radius, 0, 2 * Math.PI);
      pen.stroke();
    }
    if (!lasso?.isDrawn) return;
    pen.fillStyle = color("--wk-track");
    pen.setLineDash([4, 3]);
    pen.beginPath();
    for (const [x, y] of lasso.path) pen.lineTo(x, y);
    pen.closePath();
    pen.fill();
    pen.stroke();
    pen.setLineDash([]);
  }

  // -- by the hand -----------------------------------------------------------------------------

  const placeOf = (event) => {
    const frame = over.getBoundingClientRect();
    return [event.clientX - frame.left, event.clientY - frame.top];
  };

  function findNear([x, y]) {
    let best = -1;
    let least = NEAR_PX * NEAR_PX;
    if (!shown) return best;
    for (let k = 0; k < points.rows.length; k += 1) {
      const [dx, dy] = [shown.toX(points.xs[k]) - x, shown.toY(points.ys[k]) - y];
      const apart = dx * dx + dy * dy;
      if (apart <= least) [best, least] = [k, apart];
    }
    return best;
  }

  function hover(place) {
    const found = place ? findNear(place) : -1;
    if (found === near) return;
    near = found;
    tip.hidden = near < 0;
    over.style.cursor = near < 0 ? "crosshair" : "pointer";
    if (near >= 0) {
      const row = points.rows[near];
      showTip(names.get(row) ?? "…");
      if (!names.has(row)) line.ask("name", { row });
    }
    drawOver();
  }

  /** Name the near point above it, or below it at the upper edge, all of it in sight. */
  function showTip(name) {
    say(tip, name);
    const [x, y] = [shown.toX(points.xs[near]), shown.toY(points.ys[near])];
    const most = room.clientWidth - tip.offsetWidth - 4;
    tip.style.left = `${Math.max(Math.min(x - tip.offsetWidth / 2, most), 4)}px`;
    tip.style.top = `${y > 40 ? y - 30 : y + 10}px`;
  }

  over.addEventListener("pointerdown", (event) => {
    if (event.button !== 0) return;
    over.setPointerCapture(event.pointerId);
    lasso = { path: [placeOf(event)], isDrawn: false };
  });
  over.addEventListener("pointermove", (event) => {
    const place = placeOf(event);
    if (!lasso) return hover(place);
    const [x, y] = lasso.path[0];
    lasso.path.push(place);
    lasso.isDrawn ||= Math.hypot(place[0] - x, place[1] - y) > DRAG_PX;
    hover(null);
    return drawOver();
  });
  over.addEventListener("pointerup", (event) => {
    const drawn = lasso;
    lasso = null;
    if (drawn?.isDrawn) chooseInside(drawn.path, event.shiftKey);
    else if (drawn) {
      const found = findNear(placeOf(event));
      if (found >= 0) onPlay(points.rows[found]);
    }
    drawOver();
  });
  over.addEventListener("pointercancel", () => {
    lasso = null;
    drawOver();
  });
  over.addEventListener("pointerleave", () => hover(null));

  function chooseInside(path, isMore) {
    const inside = [];
    for (let k = 0; k < points.rows.length; k += 1) {
      if (!(points.flags[k] & IS_FOUND)) continue;
      if (isInside(path, shown.toX(points.xs[k]), shown.toY(points.ys[k]))) inside.push(points.rows[k]);
    }
    choice.choose(inside, isMore);
  }

  choice.listen(draw);
  player.listen(() => shown && drawOver());
  const sizes = new ResizeObserver(draw);
  sizes.observe(room);
  const themes = new MutationObserver(draw);
  themes.observe(document.body, { attributes: true });

  return {
    room,
    words,
    ask,
    /** Ask for other points soon, but not more often than they can be looked at. */
    renew() {
      clearTimeout(timer);
      timer = setTimeout(ask, Math.max(askedAt + PAUSE_MS - performance.now(), 0));
    },
    close() {
      clearTimeout(timer);
      sizes.disconnect();
      themes.disconnect();
    },
  };
}

function strokeLine(pen, fromX, fromY, toX, toY) {
  pen.beginPath();
  pen.moveTo(fromX, fromY);
  pen.lineTo(toX, toY);
  pen.stroke();
}

/** The range of some numbers, with a little room around it. */
function findRange(values) {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value < low) low = value;
    if (value > high) high = value;
  }
  if (low > high) return { low: 0, high: 1 };
  const spare = (high - low) * 0.04 || Math.abs(low) * 0.1 || 1;
  return { low: low - spare, high: high + spare };
}

/** About `n` round numbers in a range. */
function findTicks({ low, high }, n) {
  const rough = (high - low) / n;
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].find((each) => each * power >= rough) * power;
  const ticks = [];
  for (let tick = Math.ceil(low / step) * step; tick <= high; tick += step) ticks.push(tick);
  return ticks;
}

function formatTick(tick) {
  const size = Math.abs(tick);
  if (size > 0 && (size < 1e-3 || size >= 1e5)) return tick.toExponential(0);
  return String(Number(tick.toPrecision(4)));
}

/** Whether a place lies inside a closed path: a ray from there crosses it an odd number of times. */
function isInside(path, x, y) {
  let is = false;
  for (let i = 0, j = path.length - 1; i < path.length; j = i, i += 1) {
    const [[ax, ay], [bx, by]] = [path[i], path[j]];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) is = !is;
  }
  return is;
}
