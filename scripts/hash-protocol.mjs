// What the generated code of the protocol is made from, as one hash: the .proto files and the generator.
import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");

/** Hexadecimal SHA-256 over each file's path and text, in the order of the paths. */
export function hashProtocol() {
  const protos = readdirSync(join(root, "protocol/proto"), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
  const sources = [
    ...protos,
    "scripts/generate-protocol.mjs",
    "scripts/split-clients.mjs",
    "scripts/protocol-generator/package.json",
  ].sort();
  const hash = createHash("sha256");
  for (const path of sources) hash.update(`${path}\0${readFileSync(join(root, path), "utf8")}\0`);
  return hash.digest("hex");
}
