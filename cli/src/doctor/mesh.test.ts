import type { StatusBody } from "@regomesh/controller";
import { expect, test } from "vitest";
import type { Paint } from "../paint.ts";
import { type Group, hasFailures, printGroups } from "./finding.ts";
import { lookAtController, lookAtProxies } from "./mesh.ts";

const plainText = (text: string) => text;
const PAINT: Paint = {
  bold: plainText,
  dim: plainText,
  red: plainText,
  green: plainText,
  yellow: plainText,
  cyan: plainText,
};
const NOW = 1_000_000_000_000;
const DAY = 86_400_000;

const status = (more: Partial<StatusBody> = {}): StatusBody =>
  ({
    mesh: "mesh",
    trustDomain: "td",
    nowMs: NOW,
    revision: { name: "a".repeat(40) },
    proxies: [proxy("web"), proxy("orders")],
    shadows: [],
    sources: [{ name: "root", troubles: [] }],
    warnings: [],
    ...more,
  }) as unknown as StatusBody;

const proxy = (workload: string, more: object = {}) => ({
  workload,
  namespace: "shop",
  state: "ready",
  revision: "a".repeat(40),
  isBypassable: false,
  refusedPerSecond: 0,
  svidNotAfterMs: NOW + DAY,
  ...more,
});

const identities = (rootNotAfterMs: number) =>
  ({ trustDomain: "td", rootFingerprint: "", rootNotAfterMs, svidTtlMs: DAY, proxies: [] }) as const;

/** What is not well: its sign, and what it is. */
function wrong(...groups: readonly Group[]): readonly string[] {
  return printGroups(groups, PAINT)
    .split("\n")
    .filter((line) => /^[×‼] /.test(line));
}

const healthy = (body: StatusBody) =>
  [lookAtController(body, identities(NOW + 1000 * DAY)), lookAtProxies(body, true)] as const;

test("of a mesh that is well nothing is said but that", () => {
  const groups = healthy(status());
  expect([wrong(...groups), hasFailures(groups)]).toEqual([[], false]);
  expect(printGroups(groups, PAINT)).toMatch(/\nwell: \d+ ✓, 0 ‼, 0 ×\n$/);
});

const refused = { commit: "b".repeat(40), diagnostics: [{ message: "var x is unsafe" }], failedTests: [] };
const rows: Readonly<Record<string, readonly [Partial<StatusBody>, readonly string[]]>> = {
  "a commit that was refused": [
    { sources: [{ name: "root", troubles: [], refused }] } as never,
    ["× the newest commit was taken"],
  ],
  "a source that cannot be reached": [
    { sources: [{ name: "root", troubles: [{ reason: "unreachable", message: "no route", sinceMs: 0 }] }] } as never,
    ["× source root is followed"],
  ],
  "a source that is suspended": [
    { sources: [{ name: "root", troubles: [], suspended: "operator" }] } as never,
    ["‼ source root is followed"],
  ],
  "a pin": [{ pin: { revision: "c" } } as never, ["‼ nothing is pinned"]],
  "a state that is not kept": [
    { troubles: [{ about: "state", message: "the disk is full", sinceMs: 0 }] },
    ["× it keeps what it is to keep"],
  ],
  "a proxy that has gone": [
    { proxies: [proxy("web", { state: "gone", lastWordMs: NOW - 1000 })] } as never,
    ["× every proxy enforces the newest revision", "× shop/web is well"],
  ],
  "a proxy that can be gone round": [
    { proxies: [proxy("web", { isBypassable: true })] } as never,
    ["‼ no local process can go round a proxy"],
  ],
  "a certificate that has ended": [
    { proxies: [proxy("web", { svidNotAfterMs: NOW - 1 })] } as never,
    ["× shop/web is well"],
  ],
  "no workloads": [{ proxies: [] }, ["× the mesh has workloads"]],
};
test.each(Object.entries(rows))("%s is said, with a way out", (_, [more, expected]) => {
  const groups = healthy(status(more));
  expect(wrong(...groups)).toEqual(expected);
  const all = groups.flatMap(({ findings }) => findings);
  expect(all.filter(({ verdict, fix = "" }) => verdict !== "ok" && fix === "")).toEqual([]);
});

test("a root that ends soon is warned of, and one that has ended is a failure", () => {
  const of = (rootNotAfterMs: number) => wrong(lookAtController(status(), identities(rootNotAfterMs)));
  expect(of(NOW + 10 * DAY)).toEqual(["‼ the root certificate is far from its end"]);
  expect(of(NOW - 1)).toEqual(["× the root certificate is far from its end"]);
  expect(wrong(lookAtController(status(), { fault: "there is no token" }))).toEqual([
    "‼ the root certificate is far from its end",
  ]);
});
