/** `npm run conformance:grpc`: gRPC's own interoperability tests, client and server of grpc-go, with two sidecars between them. */
import { type ChildProcess, spawn } from "node:child_process";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { openGrpcMesh } from "./mesh.ts";

export const USAGE = `Runs gRPC's interoperability tests (grpc-go's client and server) through two sidecars with mTLS between.

usage: npm run conformance:grpc -- --bin DIR [--case NAME]...
  --bin DIR    folder with grpc-go's programs, client and server:
               GOBIN=DIR go install google.golang.org/grpc/interop/{client,server}@v1.74.2
  --case NAME  these alone
exit codes: 0 all pass, 1 some fail, 64 wrong usage or no such programs`;

/** All of the client's but those that need credentials of Google's, or a server that says who or how loaded it is, as that of grpc-go does not. */
const CASES = [
  "empty_unary",
  "large_unary",
  "client_streaming",
  "server_streaming",
  "ping_pong",
  "empty_stream",
  "timeout_on_sleeping_server",
  "cancel_after_begin",
  "cancel_after_first_response",
  "status_code_and_message",
  "special_status_message",
  "custom_metadata",
  "unimplemented_method",
  "unimplemented_service",
  "rpc_soak",
];
/** Calls behind each other on one connection, fast: for each, grpc-go's ends measure the path by a PING. */
const SOAK = ["--soak_iterations=3000", "--soak_request_size=100", "--soak_response_size=100"];
const CASE_MS = 60_000;
const START_TRIES = 200;

export async function main(args: readonly string[]): Promise<number> {
  const { values } = parseArgs({
    args: [...args],
    options: {
      bin: { type: "string" },
      case: { type: "string", multiple: true },
    },
  });
  if (values.bin === undefined) {
    console.error("conformance:grpc: it needs --bin DIR with grpc-go's client and server");
    return 64;
  }
  await using stack = new AsyncDisposableStack();
  const mesh = stack.use(await openGrpcMesh());
  const server = spawn(join(values.bin, "server"), [`--port=${mesh.application}`], { stdio: "ignore" });
  stack.defer(() => void server.kill("SIGKILL"));
  if (!(await hasStarted(server))) {
    console.error(`conformance:grpc: there is no server in ${values.bin}`);
    return 64;
  }
  let [passed, failed] = [0, 0];
  for (const name of values.case ?? CASES) {
    const { code, said } = await runCase(join(values.bin, "client"), mesh.port, name);
    if (code === 0) passed++;
    else {
      failed++;
      console.log(`failed: ${name}: ${said.trim().split("\n").at(-1) ?? ""}`);
    }
  }
  console.log(`${passed} passed, ${failed} failed`);
  return failed === 0 ? 0 : 1;
}

/** The first case may come before it listens: clients wait for that by themselves. */
async function hasStarted(child: ChildProcess): Promise<boolean> {
  return await new Promise((resolve) => {
    child.once("spawn", () => resolve(true));
    child.once("error", () => resolve(false));
  });
}

type Ran = { readonly code: number | null; readonly said: string };

/** Once more while nobody listens: the server has just been started. */
async function runCase(program: string, port: number, name: string): Promise<Ran> {
  for (let tries = 1; ; tries++) {
    const more = name === "rpc_soak" ? SOAK : [];
    const ran = await run(program, [
      `--server_port=${port}`,
      "--server_host=127.0.0.1",
      `--test_case=${name}`,
      ...more,
    ]);
    if (!ran.said.includes("no connection to the service") || tries === START_TRIES) return ran;
  }
}

function run(program: string, args: readonly string[]): Promise<Ran> {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: ["ignore", "pipe", "pipe"], timeout: CASE_MS });
    let said = "";
    const hear = (chunk: Buffer): void => {
      said += String(chunk);
    };
    child.stdout.on("data", hear);
    child.stderr.on("data", hear);
    child.on("error", (error) => resolve({ code: null, said: error.message }));
    child.on("close", (code) => resolve({ code, said }));
  });
}
