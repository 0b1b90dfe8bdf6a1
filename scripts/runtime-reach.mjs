// What each export of the policy runtime reaches, so that the linker can leave the rest out.
//
// Calls are read from the optimised module, in which functions keep their places. Which statics a
// function uses cannot be read there: an address may have been folded with an offset that leads out of
// its static. It is read from the same sources compiled without optimisation at a base where no other
// constant lies; what an export reaches there holds for whatever the optimiser makes of it.

/** A base of statics that no other constant of the runtime comes near. */
export const FAR_BASE = 0x30000000;
const NEAR = 1 << 16;

/**
 * `optimised` and `plain` are texts of both modules, `base` the first one's base. Gives
 *   calls: for each function that is not imported, the functions that it calls;
 *   statics: places of the statics, in order; end: the first byte behind them;
 *   uses: for each exported function and for the start (""), the statics that it may reach;
 * and the statics themselves.
 */
export function runtimeReach(optimised, plain, base) {
  const quick = parseText(optimised);
  const slow = parseText(plain);
  const places = new Map([...quick.imports, ...quick.functions.keys()].map((name, i) => [name, i]));
  const calls = [...quick.functions.values()].map(({ calls }) => [...calls].map((name) => places.get(name)));
  const last = slow.statics.at(-1);
  const end = last.at + last.bytes.length;
  for (const { at, bytes } of slow.statics) refuseAddresses(at, bytes, end);
  const heldBy = staticsOf(slow, end);
  const uses = {};
  for (const [name, func] of [...slow.exports, ["", slow.start]])
    uses[name] = [...reached(slow, func, heldBy)].sort((a, b) => a - b);
  const placed = slow.statics.map(({ at, bytes }) => ({ at: at - FAR_BASE + base, bytes }));
  return { reach: { calls, statics: placed.map(({ at }) => at), end: end - FAR_BASE + base, uses }, statics: placed };
}

const LINE = {
  import: /^ \(import .* \(func \$(\S+) /,
  global: /^ \(global \$(\S+) .*\(i32\.const (-?\d+)\)\)$/,
  data: /^ \(data \$\S+ \(i32\.const (-?\d+)\) "(.*)"\)$/,
  export: /^ \(export "(.*)" \(func \$(\S+?)\)\)$/,
  start: /^ \(start \$(\S+?)\)$/,
  function: /^ \(func \$([^\s)]+)/,
};
const CALL = /^\s*call \$(\S+)$/;
const GLOBAL = /^\s*global\.(?:get|set) \$(\S+)$/;
const CONSTANT = /^\s*i32\.const (-?\d+)$/;

function parseText(text) {
  const found = {
    imports: [],
    functions: new Map(),
    globals: new Map(),
    statics: [],
    exports: new Map(),
    start: undefined,
  };
  let func;
  const take = {
    import: ([, name]) => found.imports.push(name),
    global: ([, name, value]) => found.globals.set(name, Number(value)),
    data: ([, at, bytes]) => found.statics.push({ at: Number(at), bytes: bytesOf(bytes) }),
    export: ([, name, of]) => found.exports.set(name, of),
    start: ([, name]) => {
      found.start = name;
    },
    function: ([, name]) => {
      func = { calls: new Set(), globals: new Set(), constants: new Set() };
      found.functions.set(name, func);
    },
  };
  for (const line of text.split("\n")) {
    if (line.startsWith("  ")) {
      if (func !== undefined) readInstruction(func, line);
      continue;
    }
    for (const [kind, form] of Object.entries(LINE)) {
      const match = form.exec(line);
      if (match !== null) take[kind](match);
    }
  }
  return found;
}

function readInstruction({ calls, globals, constants }, line) {
  const call = CALL.exec(line);
  if (call !== null) calls.add(call[1]);
  const global = GLOBAL.exec(line);
  if (global !== null) globals.add(global[1]);
  const constant = CONSTANT.exec(line);
  if (constant !== null) constants.add(Number(constant[1]));
}

const ESCAPES = { t: 9, n: 10, r: 13 };

function bytesOf(text) {
  const parts = text.matchAll(/\\([0-9a-f]{2})|\\(.)|([^\\]+)/g);
  return Buffer.concat(
    [...parts].map(([, hex, escaped, plain]) => {
      if (hex !== undefined) return Buffer.from(hex, "hex");
      return plain === undefined ? Buffer.from([ESCAPES[escaped] ?? escaped.charCodeAt(0)]) : Buffer.from(plain);
    }),
  );
}

/** A static that held another one's address would have to be followed. */
function refuseAddresses(at, bytes, end) {
  for (let i = 0; i + 4 <= bytes.length; i += 4) {
    const word = bytes.readUInt32LE(i);
    if (word >= FAR_BASE && word < end) throw new Error(`the policy runtime's static at ${at} holds an address`);
  }
}

/** For a constant, the static that holds this address, or undefined; throws where an address lies beside all statics. */
function staticsOf({ statics }, end) {
  return (value) => {
    if (value < FAR_BASE - NEAR || value >= end + NEAR || value === end) return undefined;
    if (value < FAR_BASE || value > end)
      throw new Error(`the policy runtime has an address ${value} outside of its statics`);
    let low = 0;
    for (let high = statics.length; high - low > 1; ) {
      const middle = (low + high) >> 1;
      if (statics[middle].at <= value) low = middle;
      else high = middle;
    }
    return low;
  };
}

function reached(module, start, heldBy) {
  const seen = new Set();
  const statics = new Set();
  const use = (value) => {
    const held = heldBy(value);
    if (held !== undefined) statics.add(held);
  };
  const open = [start];
  while (open.length > 0) {
    const name = open.pop();
    const func = module.functions.get(name);
    if (seen.has(name) || func === undefined) continue;
    seen.add(name);
    open.push(...func.calls);
    for (const value of func.constants) use(value);
    for (const global of func.globals) use(module.globals.get(global) ?? 0);
  }
  return statics;
}
