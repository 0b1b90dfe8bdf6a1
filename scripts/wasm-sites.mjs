// Where a module's code names functions and globals: the linker, which leaves some out, numbers them anew.
// Reads instructions of the core specification 2.0 (Binary Format) as far as our runtime has them.

const CODE = 10;
const CALL = 0x10;
const GLOBAL_GET = 0x23;
const GLOBAL_SET = 0x24;

/**
 * For each function of the code section its sites, from the first byte behind its size on: places in bytes,
 * each from the one before, twice, plus one where a global is named, not a function.
 */
export function sitesOf(wasm) {
  const reader = { bytes: wasm, at: 8 };
  while (reader.at < wasm.length) {
    const id = wasm[reader.at++];
    const end = u32(reader) + reader.at;
    if (id === CODE) return Array.from({ length: u32(reader) }, () => functionSites(reader));
    reader.at = end;
  }
  throw new Error("the policy runtime has no code");
}

function functionSites(reader) {
  const end = u32(reader) + reader.at;
  const begin = reader.at;
  for (let groups = u32(reader); groups > 0; groups--) {
    u32(reader);
    reader.at++;
  }
  const sites = [];
  let last = 0;
  while (reader.at < end) {
    const opcode = reader.bytes[reader.at++];
    if (opcode === CALL || opcode === GLOBAL_GET || opcode === GLOBAL_SET) {
      sites.push((reader.at - begin - last) * 2 + (opcode === CALL ? 0 : 1));
      last = reader.at - begin;
    }
    skipImmediates(reader, opcode);
  }
  return sites;
}

/** Numbers behind an opcode; other opcodes have none. */
const NUMBERS = [
  [0x0c, 0x0d, 1], // br, br_if
  [CALL, CALL, 1],
  [0x11, 0x11, 2], // call_indirect
  [0x20, 0x24, 1], // locals, globals
  [0x28, 0x3e, 2], // loads, stores
  [0x3f, 0x40, 1], // memory.size, memory.grow
  [0x41, 0x42, 1], // i32.const, i64.const
];

function skipImmediates(reader, opcode) {
  if (opcode >= 0x02 && opcode <= 0x04)
    reader.at++; // a block's type: none, or a value's
  else if (opcode === 0x0e) for (let labels = u32(reader) + 1; labels > 0; labels--) number(reader);
  else if (opcode === 0x43) reader.at += 4;
  else if (opcode === 0x44) reader.at += 8;
  else if (opcode === 0xfc) skipBulk(reader, u32(reader));
  else if (opcode === 0xfd) skipVector(reader, u32(reader));
  else if (opcode === 0x1c || opcode >= 0xc5 || (opcode >= 0x06 && opcode <= 0x0a)) refuse(opcode);
  else {
    const [, , count = 0] = NUMBERS.find(([from, to]) => from <= opcode && opcode <= to) ?? [];
    for (let i = 0; i < count; i++) number(reader);
  }
}

function skipBulk(reader, opcode) {
  if (opcode <= 7) return; // saturating conversions
  if (opcode === 8 || opcode === 10) number(reader);
  if (opcode <= 11) number(reader);
  else refuse(opcode);
}

function skipVector(reader, opcode) {
  const isLane = opcode >= 0x15 && opcode <= 0x22;
  const isMemory = opcode <= 0x0b || (opcode >= 0x54 && opcode <= 0x5d);
  if (isMemory) for (let i = 0; i < 2; i++) number(reader);
  if (isLane || (opcode >= 0x54 && opcode <= 0x5b)) reader.at++;
  if (opcode === 0x0c || opcode === 0x0d) reader.at += 16;
}

function refuse(opcode) {
  throw new Error(`the policy runtime has opcode ${opcode}, which the linker cannot read`);
}

/** Passes over a LEB128 number, signed or not. */
function number(reader) {
  while (reader.bytes[reader.at++] >= 0x80);
}

function u32(reader) {
  let value = 0;
  for (let shift = 0; ; shift += 7) {
    const byte = reader.bytes[reader.at++];
    value |= (byte & 0x7f) << shift;
    if (byte < 0x80) return value >>> 0;
  }
}
