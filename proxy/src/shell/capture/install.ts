/** Puts the rules of capture into the kernel, and takes them out: by nft, or by iptables where there is no nft. */
import { type SpawnSyncReturns, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { IpFamily } from "@regomesh/base";
import type { CaptureRules } from "../../capture/capture-rules.ts";
import { CALLS, printIptables, printIptablesUndo } from "../../capture/iptables.ts";
import { printNft, printNftUndo, TABLE } from "../../capture/nft.ts";

export type CaptureTool = "nft" | "iptables";
export const CAPTURE_TOOLS: readonly CaptureTool[] = ["nft", "iptables"];

/** One run of a program of the system's: what it is given, and on which standard input. */
export type Step = { readonly program: string; readonly args: readonly string[]; readonly input: string };

/** Neither tool is there, or one does not do it: the message says what to do. */
export class CaptureError extends Error {
  readonly code = "capture";
}

/** The one that is asked for, or the first that is there; throws CaptureError where none is. */
export function findTool(asked: CaptureTool | undefined): CaptureTool {
  const found = (asked === undefined ? CAPTURE_TOOLS : [asked]).find((tool) => isThere(tool));
  if (found !== undefined) return found;
  throw new CaptureError(
    `${asked ?? "neither nft nor iptables"} is ${asked === undefined ? "" : "not "}here: install nftables or iptables in the image that runs capture`,
  );
}

/**
 * What `install` would run, with all of its text. What the other tool has put there before goes once the new rules are
 * in force: its rules would come first, and its exceptions with them.
 */
export function planInstall(tool: CaptureTool, rules: CaptureRules): readonly Step[] {
  if (tool === "nft") {
    const before = isThere("iptables") ? undoIptables() : [];
    return [{ program: "nft", args: ["-f", "-"], input: printNft(rules) }, ...before];
  }
  const before = isThere("nft") && isTableThere() ? [UNDO_NFT] : [];
  const families = familiesHere().map((family) => {
    const calls = CALLS.filter((call) => isCallMissing(family, call));
    return restore(family, printIptables(rules, family, calls));
  });
  return [...families, ...before];
}

/** What `undo` would run: nothing where nothing is there; throws CaptureError where that cannot be found out. */
export function planUndo(): readonly Step[] {
  return [...(isThere("nft") ? [UNDO_NFT] : []), ...(isThere("iptables") ? undoIptables() : [])];
}

function undoIptables(): readonly Step[] {
  return familiesHere().flatMap((family) => {
    const calls = CALLS.filter((call) => !isCallMissing(family, call));
    return calls.length === 0 ? [] : [restore(family, printIptablesUndo(calls))];
  });
}

const UNDO_NFT: Step = { program: "nft", args: ["-f", "-"], input: printNftUndo() };

function restore(family: IpFamily, input: string): Step {
  return { program: `${programOf(family)}-restore`, args: ["--noflush", "-w", "5"], input };
}

/** Throws CaptureError at the first that fails; each is a transaction by itself. */
export function carryOut(steps: readonly Step[]): void {
  for (const [index, { program, args, input }] of steps.entries()) {
    const run = spawnSync(program, [...args], { input, encoding: "utf8" });
    if (run.status === 0) continue;
    const done = steps.slice(0, index).map((step) => step.program);
    throw failure(program, run, done.length === 0 ? "" : `; what ${done.join(" and ")} did stays`);
  }
}

type Run = Pick<SpawnSyncReturns<string>, "status" | "stderr" | "error">;

function failure(program: string, { status, stderr, error }: Run, more = ""): CaptureError {
  const said = error?.message ?? stderr.trim().split("\n").slice(0, 3).join("; ");
  const hint = /not permitted|permission denied|must be root/i.test(said)
    ? ": it needs CAP_NET_ADMIN in the workload's network namespace"
    : "";
  return new CaptureError(`${program} ended with ${status ?? "no code"}: ${said}${hint}${more}`);
}

function isThere(tool: CaptureTool): boolean {
  return spawnSync(tool, ["--version"], { stdio: "ignore" }).error === undefined;
}

function programOf(family: IpFamily): "iptables" | "ip6tables" {
  return family === "ip" ? "iptables" : "ip6tables";
}

/** IPv6 counts where the kernel has it: left out, it would be a way round. */
function familiesHere(): readonly IpFamily[] {
  return existsSync("/proc/net/if_inet6") ? ["ip", "ip6"] : ["ip"];
}

/** Throws CaptureError where the program does not know. */
function isCallMissing(family: IpFamily, call: readonly string[]): boolean {
  const program = programOf(family);
  const run = spawnSync(program, ["-w", "5", "-t", "nat", "-C", ...call], { encoding: "utf8" });
  if (run.status === 0) return false;
  // No such rule, no chain that it calls, and no such table of the kernel's.
  if (run.status === 1 || run.status === 2 || /table does not exist|insmod/i.test(run.stderr ?? "")) return true;
  throw failure(program, run);
}

function isTableThere(): boolean {
  return spawnSync(UNDO_NFT.program, ["list", "table", ...TABLE.split(" ")], { stdio: "ignore" }).status === 0;
}
