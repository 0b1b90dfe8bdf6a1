// Circles of imports: files of which none can be read, moved or loaded without the others. Imports of
// types make none, since they are gone before anything runs.

import { dirname, join } from "node:path";

/** `texts`: by file. Gives the files of each circle, along it. */
export function findCycles(texts) {
  const targets = new Map([...texts].map(([file, text]) => [file, importsOf(file, text, texts)]));
  const done = new Set();
  const cycles = [];
  const visit = (file, path) => {
    const start = path.indexOf(file);
    if (start >= 0) {
      cycles.push(path.slice(start));
      return;
    }
    if (done.has(file)) return;
    for (const target of targets.get(file)) visit(target, [...path, file]);
    done.add(file);
  };
  for (const file of texts.keys()) visit(file, []);
  return cycles;
}

/** The files of ours that a file loads. AssemblyScript leaves the ending out. */
function importsOf(file, text, texts) {
  const found = new Set();
  for (const [, names, target] of text.matchAll(/^(?:import|export)\s+(?:([^"';]*?)\s+from\s+)?"(\.[^"]+)"/gm)) {
    if (names !== undefined && isOfTypes(names)) continue;
    const path = join(dirname(file), target);
    for (const each of [path, `${path}.ts`, `${path}/index.ts`]) if (texts.has(each)) found.add(each);
  }
  return found;
}

function isOfTypes(names) {
  if (/^type\s/.test(names)) return true;
  const inner = /^\{([^}]*)\}$/
    .exec(names)?.[1]
    .split(",")
    .map((name) => name.trim());
  return inner !== undefined && inner.every((name) => name === "" || name.startsWith("type "));
}
