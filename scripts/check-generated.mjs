// The generated code of the protocol is that of its .proto files.
import { readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { hashProtocol } from "./hash-protocol.mjs";

const file = join(resolve(import.meta.dirname, ".."), "protocol/src/generated/source.sha256");
if (readFileSync(file, "utf8").trim() !== hashProtocol()) {
  console.error("protocol/src/generated is not what protocol/proto gives: run npm run generate");
  process.exit(1);
}
