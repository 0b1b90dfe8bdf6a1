// The generated code of the protocol is that of its .proto files, and the Helm chart that of the manifests.
import { readdirSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import { makeChart } from "./generate-chart.mjs";
import { hashProtocol } from "./hash-protocol.mjs";

const file = join(resolve(import.meta.dirname, ".."), "protocol/src/generated/source.sha256");
if (readFileSync(file, "utf8").trim() !== hashProtocol()) {
  console.error("protocol/src/generated is not what protocol/proto gives: run npm run generate");
  process.exit(1);
}

const chart = join(resolve(import.meta.dirname, ".."), "deploy/helm/regomesh");
const wanted = makeChart();
const found = readdirSync(chart, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map(({ parentPath, name }) => relative(chart, join(parentPath, name)));
const differs = [...new Set([...found, ...wanted.keys()])].filter(
  (name) => !found.includes(name) || readFileSync(join(chart, name), "utf8") !== wanted.get(name),
);
if (differs.length > 0) {
  console.error(
    `deploy/helm/regomesh is not what deploy/kubernetes gives (${differs.join(", ")}): run npm run generate`,
  );
  process.exit(1);
}
