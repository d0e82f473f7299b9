// Makes a screenshot small enough for a document: few colours, each pixel one byte, packed as tightly as zlib can.
import { deflateSync, inflateSync } from 'node:zlib';

const signature = Buffer.from('89504e470d0a1a0a', 'hex');

function chunks(png) {
  const found = [];
  for (let at = signature.length; at < png.length;) {
    const length = png.readUInt32BE(at);
    found.push({ type: png.toString('latin1', at + 4, at + 8), data: png.subarray(at + 8, at + 8 + length) });
    at += length + 12;
  }
  return found;
}

function crc32(bytes) {
  let crc = -1;
  for (const byte of bytes) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit += 1) crc = (crc >>> 1) ^ (crc & 1 ? 0xedb88320 : 0);
  }
  return ~crc >>> 0;
}

function chunk(type, data) {
  const whole = Buffer.concat([Buffer.alloc(4), Buffer.from(type, 'latin1'), data, Buffer.alloc(4)]);
  whole.writeUInt32BE(data.length);
  whole.writeUInt32BE(crc32(whole.subarray(4, -4)), data.length + 8);
  return whole;
}

const paeth = (left, above, corner) => {
  const [toLeft, toAbove, toCorner] = [Math.abs(above - corner), Math.abs(left - corner), Math.abs(left + above - 2 * corner)];
  if (toLeft <= toAbove && toLeft <= toCorner) return left;
  return toAbove <= toCorner ? above : corner;
};

// The colours of all pixels, row by row, each as one number.
function pixels(lines, width, height, size) {
  const stride = width * size;
  const guesses = [() => 0, (left) => left, (left, above) => above, (left, above) => (left + above) >> 1, paeth];
  let before = Buffer.alloc(stride);
  const colours = new Uint32Array(width * height);
  for (let row = 0; row < height; row += 1) {
    const line = lines.subarray(row * (stride + 1) + 1, (row + 1) * (stride + 1));
    const guess = guesses[lines[row * (stride + 1)]];
    for (let at = 0; at < stride; at += 1) line[at] += guess(line[at - size] ?? 0, before[at], before[at - size] ?? 0);
    for (let at = 0; at < width; at += 1) colours[row * width + at] = line.readUIntBE(at * size, 3);
    before = line;
  }
  return colours;
}

const parts = [16, 8, 0];
const part = (colour, shift) => (colour >> shift) & 255;

// Divides the colours, time and again, where they differ most, until there are so many groups.
function groups(counts, most) {
  const spread = (members) => {
    const weight = Math.sqrt(members.reduce((sum, colour) => sum + counts.get(colour), 0));
    const ranges = parts.map((shift) => {
      const values = members.map((colour) => part(colour, shift));
      return { shift, range: values.reduce((a, b) => Math.max(a, b)) - values.reduce((a, b) => Math.min(a, b)) };
    });
    const { shift, range } = ranges.reduce((one, other) => (other.range > one.range ? other : one));
    return { members, shift, worth: range * weight };
  };
  const all = [spread([...counts.keys()])];
  while (all.length < most) {
    const widest = all.reduce((one, other) => (other.worth > one.worth ? other : one));
    if (widest.worth === 0) break;
    all.splice(all.indexOf(widest), 1);
    const sorted = widest.members.sort((one, other) => part(one, widest.shift) - part(other, widest.shift));
    const middle = (part(sorted[0], widest.shift) + part(sorted.at(-1), widest.shift)) / 2;
    const cut = sorted.findIndex((colour) => part(colour, widest.shift) > middle);
    all.push(spread(sorted.slice(0, cut)), spread(sorted.slice(cut)));
  }
  return all.map(({ members }) => members);
}

export function small(png, most) {
  const found = chunks(png);
  const { data: header } = found.find(({ type }) => type === 'IHDR');
  const [width, height, kind] = [header.readUInt32BE(0), header.readUInt32BE(4), header[9]];
  const lines = inflateSync(Buffer.concat(found.filter(({ type }) => type === 'IDAT').map(({ data }) => data)));
  const colours = pixels(lines, width, height, kind === 6 ? 4 : 3);

  const counts = new Map();
  for (const colour of colours) counts.set(colour, (counts.get(colour) ?? 0) + 1);
  const palette = groups(counts, most);
  const places = new Map(palette.flatMap((members, place) => members.map((colour) => [colour, place])));
  const mean = (members, shift) => {
    const weight = members.reduce((sum, colour) => sum + counts.get(colour), 0);
    return Math.round(members.reduce((sum, colour) => sum + part(colour, shift) * counts.get(colour), 0) / weight);
  };
  const rows = Buffer.alloc((width + 1) * height);
  colours.forEach((colour, at) => { rows[at + Math.floor(at / width) + 1] = places.get(colour); });

  const indexed = Buffer.from(header);
  indexed[9] = 3;
  return Buffer.concat([
    signature,
    chunk('IHDR', indexed),
    chunk('PLTE', Buffer.from(palette.flatMap((members) => parts.map((shift) => mean(members, shift))))),
    chunk('IDAT', deflateSync(rows, { level: 9, memLevel: 9 })),
    chunk('IEND', Buffer.alloc(0)),
  ]);
}
