/** What this machine must have before a controller is started on it. */
import { execFile } from "node:child_process";
import { access, constants, stat } from "node:fs/promises";
import { createServer } from "node:net";
import { dirname } from "node:path";
import { promisify } from "node:util";
import { type Finding, fail, type Group, ok, warn } from "./finding.ts";

const run = promisify(execFile);
const NODE_LEAST = "22.21.0";
const PORTS = [
  [15_000, "--http"],
  [15_010, "--grpc"],
] as const;

/** `state`: the folder in which a controller would keep everything. */
export async function lookAtMachine(state: string): Promise<Group> {
  return {
    name: "this machine",
    findings: [
      nodeOf(process.versions.node),
      await git(),
      await stateFolder(state),
      ...(await Promise.all(PORTS.map(([port, flag]) => free(port, flag)))),
    ],
  };
}

function nodeOf(version: string): Finding {
  const isNew = version.localeCompare(NODE_LEAST, "en", { numeric: true }) >= 0;
  return isNew
    ? ok("Node is new enough", version)
    : fail("Node is new enough", `it is ${version}`, `install Node ${NODE_LEAST} or newer`);
}

async function git(): Promise<Finding> {
  const what = "git can be run";
  try {
    return ok(what, (await run("git", ["--version"])).stdout.trim());
  } catch {
    return fail(what, "there is no git on the PATH", "install git: the controller reads repositories with it");
  }
}

async function stateFolder(folder: string): Promise<Finding> {
  const what = "the state folder can be written";
  for (let at = folder; ; at = dirname(at)) {
    const facts = await stat(at).catch(() => undefined);
    if (facts === undefined && at !== dirname(at)) continue;
    if (facts?.isDirectory() !== true) return fail(what, `${at} is no folder`, "name another one with --state");
    try {
      await access(at, constants.W_OK | constants.X_OK);
      return ok(what, folder);
    } catch {
      return fail(what, `${at} may not be written by this user`, "name another one with --state, or change its owner");
    }
  }
}

async function free(port: number, flag: string): Promise<Finding> {
  const what = `port ${port} is free`;
  const server = createServer();
  const isFree = await new Promise<boolean>((done) => {
    server.once("error", () => done(false));
    server.listen(port, "127.0.0.1", () => server.close(() => done(true)));
  });
  return isFree
    ? ok(what)
    : warn(what, "something listens there", `end it, or start the controller with ${flag} 127.0.0.1:PORT`);
}
