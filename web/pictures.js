// Small pictures of the networks to large ones of the page, and back.

export const VIEW = 512; // pixels of a side of what is shown
const LARGEST = 4096; // pixels of a photograph's longer side: canvases have limits
const FADE = 0.1; // of the picture's side: at the border of a photograph, a change fades out

// A file as a canvas, upright.
export async function openPhoto(file) {
  const bitmap = await createImageBitmap(file);
  const scale = Math.min(1, LARGEST / Math.max(bitmap.width, bitmap.height));
  const canvas = newCanvas(Math.round(bitmap.width * scale), Math.round(bitmap.height * scale));
  const context = contextOf(canvas);
  context.fillStyle = '#fff'; // beneath what is transparent
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(bitmap, 0, 0, canvas.width, canvas.height);
  return canvas;
}

// The square of a photograph that the networks see: where CelebA has its faces, 148 of 178 x 218 pixels, or less.
export function middleOf(photo, zoom, [crop, width, height]) {
  const side = Math.max(1, Math.round(crop * Math.min(photo.width / width, photo.height / height) / zoom));
  return { left: Math.round((photo.width - side) / 2), top: Math.round((photo.height - side) / 2), side };
}

export function copyOf(canvas) {
  const copy = newCanvas(canvas.width, canvas.height);
  contextOf(copy).drawImage(canvas, 0, 0);
  return copy;
}

// That square as a canvas of VIEW pixels.
export function viewOf(photo, { left, top, side }) {
  const canvas = newCanvas(VIEW, VIEW), context = contextOf(canvas);
  context.imageSmoothingQuality = 'high';
  context.drawImage(photo, left, top, side, side, 0, 0, VIEW, VIEW);
  return canvas;
}

// A canvas of VIEW pixels as a picture of `side` pixels: each is the mean of those that it covers.
export function shrink(canvas, side) {
  const step = VIEW / side, { data } = contextOf(canvas).getImageData(0, 0, VIEW, VIEW);
  const picture = new Float32Array(side * side * 3);
  for (let y = 0; y < VIEW; y++)
    for (let x = 0; x < VIEW; x++)
      for (let c = 0; c < 3; c++)
        picture[((y / step | 0) * side + (x / step | 0)) * 3 + c] += data[(y * VIEW + x) * 4 + c] / (step * step);
  return Uint8ClampedArray.from(picture);
}

// A picture as a canvas of VIEW pixels.
export function enlarge(picture, side) {
  const canvas = newCanvas(VIEW, VIEW), context = contextOf(canvas);
  context.fillRect(0, 0, VIEW, VIEW);
  add(context, { left: 0, top: 0, side: VIEW }, Float32Array.from(picture), side);
  return canvas;
}

// Lay what changed from one picture to another over a square of a canvas, which keeps its own detail.
export function layOver(canvas, square, before, after, side, fades) {
  const weights = Float32Array.from({ length: side }, (_, i) => {
    const share = Math.min(1, (Math.min(i, side - 1 - i) + 0.5) / side / FADE);
    return fades ? share * share * (3 - 2 * share) : 1;
  });
  const change = Float32Array.from(before, (level, i) =>
    (after[i] - level) * weights[(i / 3 | 0) % side] * weights[i / 3 / side | 0]);
  add(contextOf(canvas), square, change, side);
}

// Add numbers of side * side * 3, enlarged by cubic interpolation, to a square of a canvas.
function add(context, square, numbers, side) {
  const image = context.getImageData(square.left, square.top, square.side, square.side), { data } = image;
  const taps = Array.from({ length: square.side }, (_, i) => cubic((i + 0.5) * side / square.side - 0.5, side));
  const wide = new Float32Array(side * square.side * 3); // enlarged in width only
  for (let y = 0; y < side; y++)
    taps.forEach((points, x) => points.forEach(([place, weight]) => {
      for (let c = 0; c < 3; c++) wide[(y * square.side + x) * 3 + c] += weight * numbers[(y * side + place) * 3 + c];
    }));
  const row = new Float32Array(square.side * 3);
  taps.forEach((points, y) => {
    row.fill(0);
    for (const [place, weight] of points)
      for (let i = 0; i < row.length; i++) row[i] += weight * wide[place * row.length + i];
    for (let x = 0; x < square.side; x++)
      for (let c = 0; c < 3; c++) data[(y * square.side + x) * 4 + c] += row[x * 3 + c];
  });
  context.putImageData(image, square.left, square.top);
}

// The four places next to one between pixels, and what each weighs (Catmull and Rom 1974).
function cubic(at, side) {
  const first = Math.floor(at), t = at - first;
  const weights = [-t + 2 * t ** 2 - t ** 3, 2 - 5 * t ** 2 + 3 * t ** 3, t + 4 * t ** 2 - 3 * t ** 3, t ** 3 - t ** 2];
  return weights.map((weight, i) => [Math.min(Math.max(first - 1 + i, 0), side - 1), weight / 2]);
}

export const contextOf = canvas => canvas.getContext('2d', { willReadFrequently: true });

function newCanvas(width, height) {
  return Object.assign(document.createElement('canvas'), { width, height });
}

// A canvas as a PNG file with texts in its metadata.
export async function toPng(canvas, texts) {
  const blob = await new Promise(done => canvas.toBlob(done, 'image/png'));
  const bytes = new Uint8Array(await blob.arrayBuffer()), start = 8 + 12 + 13; // the signature, and the header
  const chunks = Object.entries(texts).map(([key, text]) => textChunk(key, text));
  return new Blob([bytes.slice(0, start), ...chunks, bytes.slice(start)], { type: 'image/png' });
}

// A chunk iTXt: its length, its kind, a key, zeros for what it does not have, the text, and a checksum.
function textChunk(key, text) {
  const body = new TextEncoder().encode(`iTXt${key}\0\0\0\0\0${text}`), chunk = new Uint8Array(body.length + 8);
  const view = new DataView(chunk.buffer);
  view.setUint32(0, body.length - 4);
  chunk.set(body, 4);
  view.setUint32(body.length + 4, checksum(body));
  return chunk;
}

function checksum(bytes) {
  let crc = ~0;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc >>> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}
