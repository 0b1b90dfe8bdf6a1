/** K4: of two controllers one leads; when it dies the other is in its place within 20 s, with the same authority. */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { join, resolve } from "node:path";
import type { ApiServer } from "./api-server.ts";
import { type Check, must, until, type World } from "./check.ts";

const LAUNCHER = resolve(import.meta.dirname, "../../../cli/bin/regomesh.mjs");
const NAMESPACE = "regomesh-system";
const WITHIN_MS = 20_000;
const START_MS = 120_000;

function start(server: ApiServer, name: string) {
  const child = spawn(
    process.execPath,
    [
      LAUNCHER,
      ...["controller", "--kubernetes", "--kubeconfig", server.kubeconfig, "--state-namespace", NAMESPACE],
      ...["--state", join(server.folder, `leader-${name}`), "--http", "127.0.0.1:0", "--grpc", "127.0.0.1:0"],
      "--exit-with-parent",
    ],
    { stdio: ["pipe", "pipe", "pipe"] },
  );
  let [out, err] = ["", ""];
  child.stdout.on("data", (chunk) => {
    out += String(chunk);
  });
  child.stderr.on("data", (chunk) => {
    err += String(chunk);
  });
  return {
    isReady: () => (out.includes("\n") ? true : undefined),
    waits: () => (err.includes("another controller leads") ? true : undefined),
    log: () => err,
    async kill(signal: NodeJS.Signals) {
      if (child.exitCode !== null || child.signalCode !== null) return;
      const ended = once(child, "exit");
      // The launcher hands a signal on; a crash is the whole group's, and the program itself is its only child.
      child.kill(signal);
      await ended;
    },
  };
}

async function holderOf({ api }: World): Promise<string> {
  const { body } = await api.ask(
    "GET",
    `/apis/coordination.k8s.io/v1/namespaces/${NAMESPACE}/leases/regomesh-controller`,
  );
  return (body["spec"] as { readonly holderIdentity?: string } | undefined)?.holderIdentity ?? "";
}

async function secretsOf({ api }: World): Promise<ReadonlyMap<string, string>> {
  const { body } = await api.ask("GET", `/api/v1/namespaces/${NAMESPACE}/secrets`);
  const items = body["items"] as readonly { readonly data?: Readonly<Record<string, string>> }[];
  return new Map(
    items.map(({ data = {} }) => [Buffer.from(data["key"] ?? "", "base64").toString(), data["value"] ?? ""]),
  );
}

export const LEADER_CHECK: Check = {
  name: "K4 two controllers: one leads, and the other is in its place within 20 s",
  async run(world) {
    const { server, api, say } = world;
    await api.apply(`/api/v1/namespaces/${NAMESPACE}`, {
      apiVersion: "v1",
      kind: "Namespace",
      metadata: { name: NAMESPACE },
    });
    const first = start(server, "first");
    let second: ReturnType<typeof start> | undefined;
    try {
      await until("the first is ready", START_MS, first.isReady).catch((error: Error) => {
        throw new Error(`${error.message}: ${first.log().slice(-2000)}`);
      });
      const before = await secretsOf(world);
      must(before.has("ca/root_key.pem"), `the authority is in no Secret: ${[...before.keys()].join()}`);
      second = start(server, "second");
      await until("the second waits", START_MS, second.waits);
      const holder = await holderOf(world);
      const sinceMs = performance.now();
      await first.kill("SIGKILL");
      await until("another holds the Lease", WITHIN_MS, async () => {
        const now = await holderOf(world);
        return now !== holder && now !== "" ? true : undefined;
      });
      const leadsMs = performance.now() - sinceMs;
      await until("the second is ready", START_MS, second.isReady);
      say(
        `     killed: another leads after ${(leadsMs / 1000).toFixed(1)} s, and serves after ${((performance.now() - sinceMs) / 1000).toFixed(1)} s`,
      );
      const after = await secretsOf(world);
      for (const key of ["ca/root_key.pem", "ca/root.pem"])
        must(before.get(key) === after.get(key), `${key} is another one now`);
      // One that ends gives the Lease back: nobody waits for it to run out.
      const third = start(server, "third");
      try {
        await until("the third waits", START_MS, third.waits);
        const endMs = performance.now();
        await second.kill("SIGTERM");
        await until("the third is ready", WITHIN_MS, third.isReady);
        say(`     ended: another serves after ${((performance.now() - endMs) / 1000).toFixed(1)} s`);
      } finally {
        await third.kill("SIGTERM");
      }
    } finally {
      await first.kill("SIGKILL");
      await second?.kill("SIGKILL");
    }
  },
};
