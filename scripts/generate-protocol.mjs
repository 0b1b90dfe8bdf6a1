// Makes protocol/src/generated from the .proto files (buf compiles, ts-proto prints). The result is
// committed with the hash of what it was made from, which npm run check compares: users need neither tool,
// and who changes the protocol gets both, in a folder of their own, the first time.
import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { hashProtocol } from "./hash-protocol.mjs";
import { splitClients } from "./split-clients.mjs";

const root = resolve(import.meta.dirname, "..");
const tools = join(root, "scripts/protocol-generator");
const bin = join(tools, "node_modules/.bin");
if (!existsSync(join(bin, "buf"))) execFileSync("npm", ["ci"], { cwd: tools, stdio: "inherit" });
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
splitClients(join(root, "protocol/src/generated/regomesh/v1/control.ts"));
rmSync(folder, { recursive: true });
writeFileSync(join(root, "protocol/src/generated/source.sha256"), `${hashProtocol()}\n`);
