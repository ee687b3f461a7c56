// Drawing of the explorer: functions of a canvas context and of what is shown.
// They hold nothing. Times are in seconds of the file, places in CSS pixels.

const FLOOR_DB = -100;
const TOP_DB = 4;
const COLORS = {
  level: "#2f8fd0",
  faint: "rgba(47, 143, 208, 0.35)",
  loudness: "#cc79a7",
  cut: "#d55e00",
  lead: "#e69f00",
  sound: "#009e73",
  other: "#cc79a7",
  shade: "rgba(122, 122, 122, 0.14)",
  dark: "rgba(122, 122, 122, 0.30)",
  grid: "rgba(122, 122, 122, 0.25)",
};
const LANES = [["map", 26, 8], ["strip", 20, 0], ["level", 150, 6], ["wave", 92, 6], ["spectrum", 104, 2], ["axis", 24, 0]];

/** Where each lane lies: its top and bottom; `left` and `right` are those of all. */
function makeLayout(width) {
  const lanes = {};
  let top = 2;
  for (const [name, height, gap] of LANES) {
    lanes[name] = { top, bottom: top + height };
    top += height + gap;
  }
  return { ...lanes, left: 52, right: Math.max(width - 8, 120), width, height: top };
}

/** From seconds to pixels and back. */
function makeScale(from_s, to_s, left, right) {
  const each = (right - left) / (to_s - from_s);
  return {
    from_s, to_s, left, right, each,
    x: (at_s) => left + (at_s - from_s) * each,
    time: (x) => from_s + (x - left) / each,
  };
}

function placeLevel(lane, db) {
  const share = (Math.max(db, FLOOR_DB) - FLOOR_DB) / (TOP_DB - FLOOR_DB);
  return lane.bottom - share * (lane.bottom - lane.top);
}

/** A time as a clock shows it, with as many digits as a step asks for. */
function formatClock(at_s, step_s = 1) {
  const digits = step_s >= 1 ? 0 : Math.min(Math.ceil(-Math.log10(step_s) - 1e-9), 6);
  const factor = 10 ** digits;
  const units = Math.round(Math.max(at_s, 0) * factor);
  const whole = Math.floor(units / factor);
  const tail = digits ? "." + String(units % factor).padStart(digits, "0") : "";
  const two = (number) => String(number).padStart(2, "0");
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return (hours ? `${hours}:${two(minutes)}` : `${minutes}`) + `:${two(whole % 60)}${tail}`;
}

/** A step of a clock that leaves `room` pixels from mark to mark. */
function chooseStep(scale, room) {
  const least_s = room / scale.each;
  for (const step_s of [1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600]) {
    if (least_s > 0.5 && step_s >= least_s) return step_s;
  }
  if (least_s > 3600) return Math.ceil(least_s / 3600) * 3600;
  const power = 10 ** Math.floor(Math.log10(least_s));
  return power * [1, 2, 5, 10].find((factor) => power * factor >= least_s * (1 - 1e-9));
}

/** Lowest and highest code of some frames. */
function findSpan(codes, first, stop) {
  let [low, high] = [255, 0];
  for (let frame = first; frame < stop; frame += 1) {
    const code = codes[frame];
    if (code < low) low = code;
    if (code > high) high = code;
  }
  return [low, high];
}

/** Calls `draw(x, first, stop)` for each column of pixels that holds frames. */
function eachColumn(scale, hop_s, n_frames, step, draw) {
  for (let x = scale.left; x < scale.right; x += step) {
    const first = Math.max(Math.floor(scale.time(x) / hop_s), 0);
    const stop = Math.min(Math.max(Math.floor(scale.time(x + step) / hop_s), first + 1), n_frames);
    if (first < stop) draw(x, first, stop);
  }
}

function drawLevels(context, shown, scale, lane, ink) {
  const { level, peak, frame, step } = shown;
  const decibels = (code) => frame.lowest_db + frame.step_db * code;
  context.strokeStyle = COLORS.grid;
  context.fillStyle = ink.soft;
  context.textAlign = "right";
  context.textBaseline = "middle";
  for (const db of [-80, -60, -40, -20, 0]) {
    const y = Math.round(placeLevel(lane, db)) + 0.5;
    line(context, [[scale.left, y], [scale.right, y]]);
    context.fillText(db === 0 ? "0 dBFS" : `−${-db}`, scale.left - 5, y);
  }
  const peaks = [];
  context.fillStyle = COLORS.faint;
  const solid = new Path2D();
  eachColumn(scale, frame.hop_s, level.length, step, (x, first, stop) => {
    const [low, high] = findSpan(level, first, stop);
    const [bottom, top] = [placeLevel(lane, decibels(low)), placeLevel(lane, decibels(high))];
    context.fillRect(x, bottom, step, lane.bottom - bottom);
    solid.rect(x, top, step, Math.max(bottom - top, step));
    peaks.push([x, placeLevel(lane, decibels(findSpan(peak, first, stop)[1]))]);
  });
  context.fillStyle = COLORS.level;
  context.fill(solid);
  context.strokeStyle = ink.soft;
  context.lineWidth = 0.7;
  line(context, peaks);
  context.save();
  context.beginPath();
  context.rect(scale.left, lane.top, scale.right - scale.left, lane.bottom - lane.top);
  context.clip();
  context.strokeStyle = COLORS.loudness;
  context.lineWidth = 1.3;
  line(context, listLoudness(shown, scale).map(([at_s, lufs]) => [scale.x(at_s), placeLevel(lane, lufs)]));
  context.restore();
  context.lineWidth = 1;
}

/** Points of the loudness in sight, two a pixel at most. */
function listLoudness({ loudness, frame }, scale) {
  const { loudness_start_s: start_s, loudness_hop_s: hop_s } = frame;
  const by = Math.max(Math.floor(0.5 / (scale.each * hop_s)), 1);
  const first = Math.max(Math.floor((scale.from_s - start_s) / hop_s) - 1, 0);
  const stop = Math.min(Math.ceil((scale.to_s - start_s) / hop_s) + 2, loudness.length);
  const points = [];
  for (let each = first - (first % by); each < stop; each += by) {
    points.push([start_s + each * hop_s, frame.lowest_db + frame.step_db * loudness[each]]);
  }
  return points;
}

/** The samples where they are known from near by, else how far the peaks reach. */
function drawWave(context, shown, scale, lane, ink) {
  const { detail, peak, frame, step } = shown;
  const middle = (lane.top + lane.bottom) / 2;
  const half = (lane.bottom - lane.top) / 2;
  const is_near = covers(detail, scale);
  const gain = is_near ? chooseGain(detail, scale) : 1;
  const y = (value) => middle - half * Math.max(-1, Math.min(1, value * gain));
  context.strokeStyle = COLORS.grid;
  for (const edge of [-1, 0, 1]) {
    line(context, [[scale.left, y(edge / gain)], [scale.right, y(edge / gain)]]);
  }
  context.fillStyle = ink.soft;
  context.textAlign = "right";
  context.fillText("wave", scale.left - 5, middle);
  if (gain > 1) context.fillText(`× ${gain}`, scale.left - 5, lane.top + 8);
  context.fillStyle = context.strokeStyle = COLORS.level;
  if (!is_near) {
    eachColumn(scale, frame.hop_s, peak.length, step, (x, first, stop) => {
      const reach = 10 ** ((frame.lowest_db + frame.step_db * findSpan(peak, first, stop)[1]) / 20);
      context.fillRect(x, y(reach), step, Math.max(y(-reach) - y(reach), step));
    });
  } else if (detail.are_samples) {
    drawSamples(context, detail, scale, y);
  } else {
    const [low, high] = detail.rows;
    const column_s = (detail.end_s - detail.start_s) / low.length;
    for (let x = scale.left; x < scale.right; x += step) {
      const first = Math.max(Math.floor((scale.time(x) - detail.start_s) / column_s), 0);
      const stop = Math.max(Math.floor((scale.time(x + step) - detail.start_s) / column_s), first + 1);
      const bottom = y(Math.min(...low.subarray(first, stop)));
      const top = y(Math.max(...high.subarray(first, stop)));
      context.fillRect(x, top, step, Math.max(bottom - top, step));
    }
  }
}

function drawSamples(context, detail, scale, y) {
  const n_samples = detail.rows[0].length;
  const each_s = (detail.end_s - detail.start_s) / n_samples;
  const first = Math.max(Math.floor((scale.from_s - detail.start_s) / each_s) - 1, 0);
  const stop = Math.min(Math.ceil((scale.to_s - detail.start_s) / each_s) + 2, n_samples);
  detail.rows.forEach((row, channel) => {
    context.strokeStyle = context.fillStyle = channel ? COLORS.other : COLORS.level;
    const points = [];
    for (let each = first; each < stop; each += 1) {
      points.push([scale.x(detail.start_s + each * each_s), y(row[each])]);
    }
    line(context, points);
    if (scale.each * each_s > 6) {
      for (const [x, at] of points) context.fillRect(x - 1.5, at - 1.5, 3, 3);
    }
  });
}

/** True where a detail holds all that is in sight, as fine as pixels. */
function covers(detail, scale) {
  if (!detail) return false;
  const hair_s = (detail.end_s - detail.start_s) / 1e4;
  if (detail.start_s > scale.from_s + hair_s || detail.end_s < scale.to_s - hair_s) return false;
  const column = (scale.each * (detail.end_s - detail.start_s)) / detail.rows[0].length;
  return detail.are_samples || column <= 2;
}

/** The power of two that lets the loudest sample in sight fill the lane. */
function chooseGain(detail, scale) {
  const n = detail.rows[0].length;
  const place = (at_s) => ((at_s - detail.start_s) / (detail.end_s - detail.start_s)) * n;
  const first = Math.max(Math.floor(place(scale.from_s)), 0);
  const stop = Math.min(Math.ceil(place(scale.to_s)), n);
  let most = 1e-4;
  for (const row of detail.rows) {
    for (let each = first; each < stop; each += 1) most = Math.max(most, Math.abs(row[each]));
  }
  return 2 ** Math.max(Math.floor(Math.log2(1 / most)), 0);
}

function drawAxis(context, scale, lane, ink) {
  const step_s = chooseStep(scale, 84);
  context.textAlign = "center";
  context.fillStyle = ink.soft;
  context.strokeStyle = ink.soft;
  for (let tick = Math.ceil(scale.from_s / step_s - 1e-9); tick * step_s <= scale.to_s; tick += 1) {
    const x = scale.x(tick * step_s);
    line(context, [[x, lane.top], [x, lane.top + 4]]);
    const text = formatClock(tick * step_s, step_s);
    const half = context.measureText(text).width / 2;
    const at = Math.min(Math.max(x, half), scale.right + 8 - half);
    context.fillText(text, at, lane.top + 13);
  }
}

/** The whole file in small, and which part of it is in sight. */
function drawMap(context, shown, scale, lane, ink) {
  const { level, frame, step, layout } = shown;
  const whole = makeScale(0, frame.duration_s, layout.left, layout.right);
  context.fillStyle = COLORS.faint;
  eachColumn(whole, frame.hop_s, level.length, step, (x, first, stop) => {
    const high = findSpan(level, first, stop)[1];
    const share = Math.max((frame.lowest_db + frame.step_db * high - FLOOR_DB) / -FLOOR_DB, 0);
    const height = Math.min(share, 1) * (lane.bottom - lane.top);
    context.fillRect(x, lane.bottom - height, step, height);
  });
  context.strokeStyle = COLORS.cut;
  for (const at_s of shown.cuts_s) {
    const x = Math.round(whole.x(at_s)) + 0.5;
    line(context, [[x, lane.top], [x, lane.bottom]]);
  }
  context.strokeStyle = ink.text;
  const [left, right] = [whole.x(scale.from_s), whole.x(scale.to_s)];
  context.strokeRect(left + 0.5, lane.top + 0.5, Math.max(right - left - 1, 2), lane.bottom - lane.top - 1);
}

/** Passages with their numbers, gaps that were not cut, lead points, ends of sound, beats. */
function drawMarks(context, shown, scale, ink) {
  const { layout, passages, gaps, chosen, beats_s } = shown;
  const { strip, level, wave } = layout;
  passages.forEach((passage, index) => {
    const left = Math.max(scale.x(passage.start_s), scale.left);
    const right = Math.min(scale.x(passage.end_s), scale.right);
    if (right <= left) return;
    context.fillStyle = index % 2 ? COLORS.dark : COLORS.shade;
    context.fillRect(left, strip.top, right - left, strip.bottom - strip.top);
    context.textAlign = "center";
    context.font = `${index === chosen ? "bold " : ""}12px ${ink.family}`;
    const text = index === chosen ? `#${index}` : `${index}`;
    if (right - left > context.measureText(text).width + 2) {
      context.fillStyle = ink.text;
      context.fillText(text, (left + right) / 2, (strip.top + strip.bottom) / 2 + 1);
    }
    if (index === chosen) {
      context.strokeStyle = ink.text;
      context.strokeRect(left + 0.5, strip.top + 0.5, right - left - 1, strip.bottom - strip.top - 1);
    }
    context.fillStyle = context.strokeStyle = COLORS.sound;
    for (const at_s of [passage.first_sound_s, passage.last_sound_s]) {
      if (isIn(scale, at_s)) context.fillRect(scale.x(at_s) - 0.7, level.bottom - 18, 1.4, 18);
    }
    drawLead(context, scale, level, passage.lead_in_s, 1);
    drawLead(context, scale, level, passage.lead_out_s, -1);
  });
  context.font = ink.font;
  for (const gap of gaps) {
    const [left, right] = [Math.max(scale.x(gap.start_s), scale.left), Math.min(scale.x(gap.end_s), scale.right)];
    if (right <= left) continue;
    context.fillStyle = COLORS.shade;
    context.fillRect(left, level.top, right - left, level.bottom - level.top);
    if (gap.is_cut) continue;
    const x = scale.x((gap.start_s + gap.end_s) / 2);
    if (x < scale.left || x > scale.right) continue;
    context.strokeStyle = ink.soft;
    context.setLineDash([2, 3]);
    line(context, [[x, level.top], [x, level.bottom]]);
    context.setLineDash([]);
  }
  context.fillStyle = COLORS.sound;
  for (const at_s of scale.to_s - scale.from_s < 60 ? beats_s : []) {
    if (isIn(scale, at_s)) context.fillRect(scale.x(at_s) - 0.7, wave.top, 1.4, 10);
  }
}

/** A triangle that points to where the passage is at its full level. */
function drawLead(context, scale, lane, at_s, way) {
  if (!isIn(scale, at_s)) return;
  const [x, y] = [scale.x(at_s), lane.bottom - 7];
  context.strokeStyle = context.fillStyle = COLORS.lead;
  line(context, [[x, y - 22], [x, lane.bottom]]);
  context.beginPath();
  context.moveTo(x, y - 6);
  context.lineTo(x + 9 * way, y);
  context.lineTo(x, y + 6);
  context.fill();
}

function drawThreshold(context, threshold_dbfs, scale, lane, ink) {
  const y = placeLevel(lane, threshold_dbfs);
  context.strokeStyle = context.fillStyle = COLORS.cut;
  context.setLineDash([5, 4]);
  line(context, [[scale.left, y], [scale.right, y]]);
  context.setLineDash([]);
  const text = formatDb(threshold_dbfs);
  const width = context.measureText(text).width + 12;
  context.beginPath();
  context.roundRect(scale.right - width, y - 9, width, 18, 4);
  context.fill();
  context.fillStyle = "#ffffff";
  context.textAlign = "center";
  context.font = `bold ${ink.font}`;
  context.fillText(text, scale.right - width / 2, y + 0.5);
  context.font = ink.font;
}

function formatDb(db) {
  return `${db < 0 ? "−" : ""}${Math.abs(db).toFixed(1)} dBFS`;
}

/** A cut: a line through all lanes, and a grip at its head. */
function drawCut(context, at_s, scale, layout, is_chosen) {
  if (!isIn(scale, at_s)) return;
  const x = scale.x(at_s);
  context.fillStyle = COLORS.cut;
  const half = is_chosen ? 1.1 : 0.7;
  context.fillRect(x - half, layout.strip.top, 2 * half, layout.spectrum.bottom - layout.strip.top);
  context.beginPath();
  context.roundRect(x - 4, layout.strip.top, 8, 12, 3);
  context.fill();
}

function isIn(scale, at_s) {
  return at_s !== undefined && at_s >= scale.from_s && at_s <= scale.to_s;
}

function line(context, points) {
  context.beginPath();
  points.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
}
