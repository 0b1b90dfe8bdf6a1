// Keeps what a controller's build process compiles of itself as it builds the demo's mesh (cli/bin/builds.mjs): a process that
// has been started otherwise takes seconds of a processor before it can build, and may write nothing itself.
import { spawn } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { fileURLToPath } from "node:url";
import { BUILDS, findProgram, isKept, KEPT } from "../cli/bin/program.mjs";

const root = resolve(import.meta.dirname, "..");
/** As `regomesh up` commits them. */
const DEMO = ["policies", "examples/authz", "examples/mesh"];
const TIMEOUT_MS = 120_000;

/** Keeps it if needed. Returns what was done. Nothing hangs on it: whoever finds nothing kept compiles it. */
export async function keepBuilds() {
  const file = findProgram(root, BUILDS);
  if (file === undefined) return "not kept, for there is no script of it";
  if (isKept(file, join(root, KEPT))) return "kept before";
  try {
    // The same flags: V8 takes what it has compiled with others for another's.
    const { withDeepStack } = await import("../policy-compiler/src/shell/stack.ts");
    const start = withDeepStack(process.execPath, ["--no-warnings", join(root, "cli/bin/builds.mjs")]);
    await buildDemo(spawn(start.file, start.args, { stdio: ["ignore", "inherit", "inherit", "ipc"], env: {} }));
    return "kept";
  } catch (error) {
    return `not kept: ${error.message}`;
  }
}

/** Ends when the process has. */
function buildDemo(child) {
  const timer = setTimeout(() => child.kill("SIGKILL"), TIMEOUT_MS);
  return new Promise((done, fail) => {
    let told = "it does not answer";
    child.on("message", (reply) => {
      if (reply.kind === "ready") child.send(orderOf(DEMO.flatMap(filesIn)));
      else {
        told =
          reply.kind === "built" && reply.built.plan !== undefined ? undefined : JSON.stringify(reply).slice(0, 500);
        child.disconnect();
      }
    });
    child.once("error", fail);
    child.once("exit", (code) => {
      clearTimeout(timer);
      if (code === 0 && told === undefined) done();
      else fail(new Error(told ?? `it ended with ${code}`));
    });
  });
}

/** A build's, of controller/src/shell/build/messages.ts. */
function orderOf(files) {
  const rules = { rights: [] };
  return { kind: "build", id: 1, turn: 0, trees: [{ path: "", files }], rules, held: [], since: undefined };
}

function filesIn(folder) {
  return readdirSync(join(root, folder), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .map((path) => ({ name: path.slice(root.length + 1), text: readFileSync(path, "utf8") }));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(`build process: ${await keepBuilds()}`);
