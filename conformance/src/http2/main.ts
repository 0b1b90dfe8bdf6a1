/** `npm run conformance:http2`: h2spec, a peer's own suite, against the codec on a socket. */
import { spawn } from "node:child_process";
import { parseArgs } from "node:util";
import { serveEcho } from "./endpoint.ts";

const HELP = `Runs h2spec (github.com/summerwind/h2spec) against the HTTP/2 codec as a server.

usage: npm run conformance:http2 -- [--h2spec PATH]
  --h2spec PATH  the program (default h2spec, as the PATH has it)
exit codes: 0 all pass but what RFC 9113 no longer asks for, 1 some fail, 64 wrong usage or no h2spec`;

/** Asked for by RFC 7540 and no more by RFC 9113, section 5.3: priorities are read and ignored. */
const NO_LONGER = new Set(["Sends HEADERS frame that depend on itself", "Sends PRIORITY frame that depend on itself"]);
const TIMEOUT_MS = 300_000;

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: { h2spec: { type: "string", default: "h2spec" }, help: { type: "boolean", default: false } },
  });
  if (values.help) {
    console.log(HELP);
    return 0;
  }
  const server = await serveEcho();
  try {
    const output = await run(values.h2spec, ["-h", "127.0.0.1", "-p", String(server.port)]);
    if (output === undefined) {
      console.error(`conformance:http2: there is no ${values.h2spec}; name it with --h2spec`);
      return 64;
    }
    const failed = [...new Set([...output.matchAll(/× \d+: (.+)$/gm)].map(([, name = ""]) => name))];
    const wrong = failed.filter((name) => !NO_LONGER.has(name));
    const passed = Number(/(\d+) passed/.exec(output)?.[1] ?? 0);
    for (const name of failed) console.log(`${NO_LONGER.has(name) ? "not asked for by RFC 9113" : "failed"}: ${name}`);
    console.log(`${passed} passed, ${wrong.length} failed`);
    return wrong.length === 0 && passed > 0 ? 0 : 1;
  } finally {
    server.close();
  }
}

/** What it writes; undefined where there is no such program. */
function run(program: string, args: readonly string[]): Promise<string | undefined> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"], timeout: TIMEOUT_MS });
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => {
      output += chunk.toString();
    });
    child.on("error", () => resolve(undefined));
    child.on("close", () => resolve(output));
  });
}
