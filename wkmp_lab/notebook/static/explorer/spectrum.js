// The spectrogram of the explorer: codes of the kernel in colours.

const MAGMA = [
  [0, 0, 4], [24, 15, 61], [68, 15, 118], [114, 31, 129], [158, 47, 127],
  [205, 64, 113], [241, 96, 93], [253, 150, 104], [254, 202, 141], [252, 253, 191],
];

/** A canvas with a spectrogram, a pixel a column and band. */
function paintSpectrum(codes, n_bands) {
  const n_columns = Math.floor(codes.length / n_bands);
  if (!n_columns) return null;
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [n_columns, n_bands];
  const image = new ImageData(n_columns, n_bands);
  const palette = makePalette();
  for (let band = 0; band < n_bands; band += 1) {
    for (let column = 0; column < n_columns; column += 1) {
      const color = 3 * codes[band * n_columns + column];
      const at = 4 * ((n_bands - 1 - band) * n_columns + column);
      for (let part = 0; part < 3; part += 1) image.data[at + part] = palette[color + part];
      image.data[at + 3] = 255;
    }
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
  return canvas;
}

function makePalette() {
  const palette = new Uint8Array(3 * 256);
  for (let code = 0; code < 256; code += 1) {
    const place = (code / 255) * (MAGMA.length - 1);
    const low = Math.min(Math.floor(place), MAGMA.length - 2);
    for (let part = 0; part < 3; part += 1) {
      const [a, b] = [MAGMA[low][part], MAGMA[low + 1][part]];
      palette[3 * code + part] = Math.round(a + (b - a) * (place - low));
    }
  }
  return palette;
}

function drawSpectrum(context, shown, scale, lane, ink) {
  const { frame, image, detail } = shown;
  const is_near = covers(detail, scale) && detail.image;
  const [picture, start_s, end_s] = is_near
    ? [detail.image, detail.start_s, detail.end_s]
    : [image, 0, frame.spectrum_s];
  context.fillStyle = "#000004";
  context.fillRect(scale.left, lane.top, scale.right - scale.left, lane.bottom - lane.top);
  if (picture) {
    context.save();
    context.beginPath();
    context.rect(scale.left, lane.top, scale.right - scale.left, lane.bottom - lane.top);
    context.clip();
    context.imageSmoothingEnabled = is_near;
    const each_s = (end_s - start_s) / picture.width;
    const first = Math.max(Math.floor((scale.from_s - start_s) / each_s), 0);
    const stop = Math.min(Math.ceil((scale.to_s - start_s) / each_s), picture.width);
    const [left, right] = [scale.x(start_s + first * each_s), scale.x(start_s + stop * each_s)];
    const height = lane.bottom - lane.top;
    context.drawImage(picture, first, 0, stop - first, picture.height, left, lane.top, right - left, height);
    context.restore();
  }
  context.fillStyle = ink.soft;
  context.textAlign = "right";
  for (const [hz, place] of frame.hz_ticks || []) {
    const y = lane.bottom - place * (lane.bottom - lane.top);
    context.fillText(hz >= 1000 ? `${hz / 1000} kHz` : `${hz} Hz`, scale.left - 5, y);
  }
}
