import { printRecord, toDiagnosticRecord } from "@regomesh/base";
import { expect, test } from "vitest";
import { findSlowPaths } from "../compile.ts";

function slowPaths(text: string): readonly string[] {
  const unit = { name: "u", modules: [{ name: "p.rego", text: `package mesh.authz\n\n${text}\n` }], data: {} };
  return findSlowPaths(unit).map((each) => printRecord(toDiagnosticRecord(each)));
}

const SLOW = "the slow path is used, on which each request's document is built";

const ROWS: Readonly<Record<string, readonly [text: string, says: readonly string[]]>> = {
  "constant paths are read off the head": [
    'allow if {\n\tinput.attributes.request.http.method == "GET"\n\tinput.parsed_path[0] == "a"\n\tinput.source.principal != ""\n}',
    [],
  ],
  "headers by a name chosen at run time": [
    "allow if {\n\tsome name in data.names\n\tinput.attributes.request.http.headers[name]\n}",
    [],
  ],
  "input passed on untouched to a function": ["allow if ok(input.attributes.request.http)\n\nok(h) if h.method", []],
  "input as an operand": ["allow if count(input) > 1", [`data.mesh.authz.allow reads all of input: ${SLOW}`]],
  "a key of input chosen at run time": [
    "allow if {\n\tsome key in data.keys\n\tinput[key]\n}",
    [`data.mesh.authz.allow reads all of input: ${SLOW}`],
  ],
  "what the head does not say, in a rule that the entrypoint asks": [
    "allow if known\n\nknown if input.extra.user == data.user",
    [`data.mesh.authz.known reads input.extra.user, which the head does not say: ${SLOW}`],
  ],
  "what no entrypoint asks": ["allow if true\n\nother := count(input)", []],
};

test.each(Object.entries(ROWS))("%s", (_, [text, says]) => {
  const found = slowPaths(text);
  expect(found.map((line) => line.replace(/^.*slow_path: /, ""))).toEqual(says);
});

test("the place is where the rule reads it", () => {
  const [line] = slowPaths("allow if known\n\nknown if input.extra.user == data.user");
  expect(line).toMatch(/^p\.rego:5:10: warning: slow_path: |^p\.rego:5:10: slow_path: /);
});
