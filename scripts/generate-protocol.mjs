// Makes protocol/src/generated from the .proto files (buf compiles, ts-proto prints).
// The result is committed: users need neither tool.
import { execFileSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";

const root = resolve(import.meta.dirname, "..");
const bin = join(root, "node_modules/.bin");
const folder = mkdtempSync(join(tmpdir(), "regomesh-generate-"));
const template = join(folder, "buf.gen.yaml");
const options = [
  "enumsAsLiterals=true",
  "importSuffix=.ts",
  "outputServices=grpc-js",
  "esModuleInterop=true",
  "env=node",
  "forceLong=number",
  "useExactTypes=false",
  "unrecognizedEnum=false",
  "outputJsonMethods=false",
  "outputPartialMethods=false",
  "oneof=unions-value",
];
writeFileSync(
  template,
  JSON.stringify({
    version: "v2",
    plugins: [{ local: join(bin, "protoc-gen-ts_proto"), out: join(root, "protocol/src/generated"), opt: options }],
  }),
);
execFileSync(join(bin, "buf"), ["generate", "--template", template], { cwd: join(root, "protocol"), stdio: "inherit" });
rmSync(folder, { recursive: true });
