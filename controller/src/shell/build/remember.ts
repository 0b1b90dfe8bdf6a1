/**
 * Results of the last builds by the content that they came from: a commit that touches one
 * unit compiles and tests that unit alone. A test that goes by the clock counts as it was
 * when its unit last changed.
 */
import { hash } from "node:crypto";
import type { Source } from "@regomesh/base";
import type { BuildTools, UnitFiles } from "../../build/tools.ts";

/**
 * What is kept of all that was built, in octets: every module of a large mesh, so that a commit costs
 * what it changes; a revert and its revert are quick. What was used longest ago goes first.
 */
const KEPT_BYTES_MAX = 192 * 1024 * 1024;
/** Beside its content: a key, and what a result holds that is small. */
const ENTRY_BYTES = 1024;
/** What is kept for each letter of a file that was read: a resource has the place of each of its values beside it. */
const READ_BYTES = 16;

export function remember<Tools extends BuildTools>(tools: Tools): Tools {
  const compiled = makeMemory<ReturnType<BuildTools["compile"]>>(({ module }) =>
    module === undefined ? 0 : module.wasm.length + module.data.length,
  );
  const tested = makeMemory<ReturnType<BuildTools["test"]>>(() => 0);
  const parsed = makeMemory<{ readonly length: number; readonly read: ReturnType<BuildTools["parse"]> }>(
    ({ length }) => READ_BYTES * length,
  );
  // Of files, for as long as they are held: of a large mesh a thousand, in each build.
  const readOf = new WeakMap<Source, ReturnType<BuildTools["parse"]>>();
  const meanings = makeMemory<string>(() => 0);
  const last = new Map<string, { readonly parts: readonly unknown[]; readonly made: unknown }>();
  const said = makeMemory<{ readonly length: number; readonly digest: string }>(({ length }) => 2 * length);
  return {
    ...tools,
    parse(file) {
      const known = readOf.get(file);
      if (known !== undefined) return known;
      const make = () => ({ length: file.text.length, read: tools.parse(file) });
      const { read } = recall(parsed, digestOfFile(file), make);
      readOf.set(file, read);
      return read;
    },
    compile: (units, entrypoints, role) =>
      recall(compiled, digestOf([units.map(digestOfUnit), entrypoints, role]), () =>
        tools.compile(units, entrypoints, role),
      ),
    // The same text has the same canonical one, and is made in a fifth of its time.
    digest(value) {
      const text = JSON.stringify(value);
      return recall(said, text, () => ({ length: text.length, digest: tools.digest(value) })).digest;
    },
    again<T>(name: string, parts: readonly unknown[], make: () => T): T {
      const known = last.get(name);
      if (known !== undefined && isSame(known.parts, parts)) return known.made as T;
      const made = make();
      last.set(name, { parts, made });
      return made;
    },
    meaningOf: (unit) => recall(meanings, digestOfUnit(unit), () => tools.meaningOf(unit)),
    test: (unit, mayWait) => recall(tested, digestOfUnit(unit), () => tools.test(unit, mayWait)),
  };
}

function isSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  return one.length === other.length && one.every((each, at) => each === other[at]);
}

/** Of files, for as long as they are held. */
const digests = new WeakMap<Source, string>();

function digestOfUnit({ files, ...unit }: UnitFiles): string {
  return digestOf([unit, files.map(digestOfFile)]);
}

function digestOfFile(file: Source): string {
  const digest = digests.get(file) ?? digestOf(file);
  digests.set(file, digest);
  return digest;
}

type Memory<T> = { readonly kept: Map<string, T>; readonly sizeOf: (value: T) => number; bytes: number };

function makeMemory<T>(sizeOf: (value: T) => number): Memory<T> {
  return { kept: new Map(), sizeOf: (value) => ENTRY_BYTES + sizeOf(value), bytes: 0 };
}

function recall<T>(memory: Memory<T>, key: string, make: () => T): T {
  const { kept, sizeOf } = memory;
  const known = kept.get(key);
  const value = known ?? make();
  if (known === undefined) memory.bytes += sizeOf(value);
  // Taken out and put back: the order is that of use, and the oldest goes first.
  kept.delete(key);
  kept.set(key, value);
  for (const [oldest, each] of kept) {
    if (memory.bytes <= KEPT_BYTES_MAX || kept.size === 1) break;
    kept.delete(oldest);
    memory.bytes -= sizeOf(each);
  }
  return value;
}

function digestOf(asked: unknown): string {
  return hash("sha256", JSON.stringify(asked));
}
