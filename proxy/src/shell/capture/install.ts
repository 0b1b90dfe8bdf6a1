/** Puts the rules of capture into the kernel, and takes them out: by nft, or by iptables where there is no nft. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import type { CaptureRules, Family } from "../../capture/capture-rules.ts";
import { CALLS, printIptables, printIptablesUndo } from "../../capture/iptables.ts";
import { printNft, printNftUndo } from "../../capture/nft.ts";

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

/** What `install` would run, with all of its text. */
export function planInstall(tool: CaptureTool, rules: CaptureRules, isMissing = isCallMissing): readonly Step[] {
  if (tool === "nft") return [{ program: "nft", args: ["-f", "-"], input: printNft(rules) }];
  return familiesHere().map((family) => ({
    program: `${programOf(family)}-restore`,
    args: ["--noflush", "-w", "5"],
    input: printIptables(
      rules,
      family,
      CALLS.filter((call) => isMissing(family, call)),
    ),
  }));
}

/** What `undo` would run: nothing where nothing is there. */
export function planUndo(): readonly Step[] {
  const nft: readonly Step[] = isThere("nft") ? [{ program: "nft", args: ["-f", "-"], input: printNftUndo() }] : [];
  if (!isThere("iptables")) return nft;
  const families = familiesHere().flatMap((family) => {
    const calls = CALLS.filter((call) => !isCallMissing(family, call));
    const input = printIptablesUndo(calls);
    return calls.length === 0
      ? []
      : [{ program: `${programOf(family)}-restore`, args: ["--noflush", "-w", "5"], input }];
  });
  return [...nft, ...families];
}

/** Throws CaptureError at the first that fails; each is a transaction by itself. */
export function carryOut(steps: readonly Step[]): void {
  for (const { program, args, input } of steps) {
    const { status, stderr, error } = spawnSync(program, [...args], { input, encoding: "utf8" });
    if (status === 0) continue;
    const said = error?.message ?? stderr.trim().split("\n").slice(0, 3).join("; ");
    const hint = /not permitted|permission denied|must be root/i.test(said)
      ? ": it needs CAP_NET_ADMIN in the workload's network namespace"
      : "";
    throw new CaptureError(`${program} ended with ${status ?? "no code"}: ${said}${hint}`);
  }
}

function isThere(tool: CaptureTool): boolean {
  return spawnSync(tool, ["--version"], { stdio: "ignore" }).error === undefined;
}

function programOf(family: Family): "iptables" | "ip6tables" {
  return family === "ip" ? "iptables" : "ip6tables";
}

/** IPv6 counts where the kernel has it: left out, it would be a way round. */
function familiesHere(): readonly Family[] {
  return existsSync("/proc/net/if_inet6") ? ["ip", "ip6"] : ["ip"];
}

function isCallMissing(family: Family, call: readonly string[]): boolean {
  const args = ["-w", "5", "-t", "nat", "-C", ...call];
  return spawnSync(programOf(family), args, { stdio: "ignore" }).status !== 0;
}
