/** A policy that fails at some requests of many: each failure ends one decision, and nobody else is asked to pay for it. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { openProxyProcess } from "../proxy-process.ts";
import { cutFunction } from "./stand/cut-function.ts";
import { AUTHZ, makeBoundPolicy } from "./stand/policy.ts";
import { type AccessRecord, reasonsOf, snapshotOf } from "./stand/stand.ts";
import { dial, echo, Played, type Wire } from "./stand/wire.ts";

const CONNECTIONS = 20;
const ROUNDS = 3;
/** Of each connection: what one thread alone would serve meanwhile is more than a log of a busy disk takes. */
const TURNS_MAX = 100;
/** An evaluation that takes all of its memory is slow on a machine that runs much else. */
const ANSWER_MS = 20_000;
/** Evaluations that take all of their memory, one after the other. */
const GROWN = 16;
const MEBIBYTE_KIB = 1024;
/** What an evaluation may take, of which each thread holds three at most: its own, and two that nobody has collected. */
const TAKEN_KIB = 64 * MEBIBYTE_KIB;
const HELD_MAX = 3;
/** All else that is resident in a sidecar, under this load. */
const REST_KIB = 192 * MEBIBYTE_KIB;

/** What each path does to the policy, and what is said of it. */
const FAILURES = {
  "/fuel": "policy_fuel_exhausted",
  "/memory": "policy_memory_exhausted",
  "/built-in": "policy_fuel_exhausted",
  "/conflict": "policy_conflict",
  "/trap": "policy_trap",
} as const;

const POLICY = `package mesh.authz

path := input.attributes.request.http.path

allow if startswith(path, "/good")

allow if path == "/memory"

allow if {
	path == "/fuel"
	some a in numbers.range(1, 5000)
	some b in numbers.range(1, 5000)
	a + b == -1
}

allow if {
	path == "/built-in"
	regex.match("((a{1,30}){1,30})+b", concat("", ["a" | some _ in numbers.range(1, 20000)]))
}

twice(_) := 1

twice(p) := 2 if p == "/conflict"

allow if {
	path == "/conflict"
	twice(path) == 1
}

allow if {
	path == "/trap"
	crypto.md5(path) == ""
}
`;

/** With so much fuel that memory ends first. */
const GROWING = `package mesh.growing

default allow := true

path := input.attributes.request.http.path

allow := false if {
	path == "/memory"
	pairs := {[a, b, path] | some a in numbers.range(1, 2000); some b in numbers.range(1, 2000)}
	json.marshal(pairs) == ""
}
`;
const GROWING_FUEL = 1_000_000_000;

let app: Played;
let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), "regomesh-policy-load-"));
  app = await Played.open(echo);
});
afterEach(async () => {
  await app.close();
  await rm(folder, { recursive: true, force: true });
});

async function ask(wire: Wire, path: string): Promise<string> {
  wire.text = "";
  wire.write(`GET ${path} HTTP/1.1\r\nHost: web\r\n\r\n`);
  const head = await wire.until("\r\n\r\n", ANSWER_MS);
  const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
  return await wire.until(new RegExp(`\\r\\n\\r\\n[\\s\\S]{${length}}$`), ANSWER_MS);
}

/** Of which all that is resident counts. */
async function residentKiB(pid: number): Promise<number> {
  return Number(/VmRSS:\s+(\d+)/.exec(await readFile(`/proc/${pid}/status`, "utf8"))?.[1]);
}

/** Lets evaluations run out of memory; gives the most that was resident after one. */
async function grow(wire: Wire, pid: number): Promise<number> {
  let highest = 0;
  for (let grown = 0; grown < GROWN; grown++) {
    expect(reasonsOf(await ask(wire, "/memory"))).toEqual(["policy_memory_exhausted"]);
    highest = Math.max(highest, await residentKiB(pid));
  }
  wire.socket.destroy();
  return highest;
}

test.each([1, 2])(
  "with %d workers: every good request is right beside bad ones, and memory has a bound",
  async (workers) => {
    const { ref, module } = await makeBoundPolicy(
      {
        unit: [
          { name: "unit/policy.rego", text: POLICY },
          { name: "unit/growing.rego", text: GROWING },
        ],
      },
      [AUTHZ, { ...AUTHZ, name: "mesh/growing/allow", fuel: GROWING_FUEL }],
      (runtime) => cutFunction(runtime, "b$crypto$md5"),
    );
    const file = snapshotOf({ modules: [module], workload: { policies: { inbound: ref } } });
    const log = join(folder, "access.log");
    let asked = 0;
    {
      const flags = ["--app", String(app.port), "--workers", String(workers), "--access-log", log];
      await using proxy = await openProxyProcess(file, flags);
      const port = proxy.inbound["http"] ?? 0;
      let isOver = false;
      const goods = Array.from({ length: CONNECTIONS }, async (_, client) => {
        const wire = dial(port);
        for (let turn = 0; turn < TURNS_MAX && !isOver; turn++) {
          asked++;
          expect(await ask(wire, `/good/${client}/${turn}`)).toMatch(
            new RegExp(`^HTTP/1.1 200 [\\s\\S]*GET /good/${client}/${turn}$`),
          );
        }
        wire.socket.destroy();
      });
      const bads = Array.from({ length: workers }, async (_, client) => {
        const wire = dial(port);
        for (let round = 0; round < ROUNDS; round++) {
          for (const [path, reason] of Object.entries(FAILURES)) {
            const text = await ask(wire, path);
            expect([path, text.slice(0, 13), reasonsOf(text)]).toEqual([path, "HTTP/1.1 503 ", [reason]]);
            asked++;
            expect(await ask(wire, `/good/after/${client}/${round}`)).toContain(" 200 ");
          }
        }
        wire.socket.destroy();
      });
      try {
        await Promise.all(bads);
        expect(await grow(dial(port), proxy.pid)).toBeLessThan(REST_KIB + workers * HELD_MAX * TAKEN_KIB);
      } finally {
        isOver = true;
      }
      await Promise.all(goods);
    }
    const records = (await readFile(log, "utf8"))
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as AccessRecord);
    const isGood = ({ path }: AccessRecord) => path.startsWith("/good");
    const tell = ({ path, status, verdict, reason }: AccessRecord) => `${path} ${status} ${verdict} ${reason}`;
    expect(records.filter(isGood).map(({ status }) => status)).toEqual(Array<number>(asked).fill(200));
    const told = records.filter((record) => !isGood(record)).map(tell);
    expect(told.toSorted()).toEqual(
      Object.entries(FAILURES)
        .flatMap(([path, reason]) =>
          Array<string>(ROUNDS * workers + (path === "/memory" ? GROWN : 0)).fill(`${path} 503 broken ${reason}`),
        )
        .toSorted(),
    );
  },
);
