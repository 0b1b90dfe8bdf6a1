/** Modules are compiled and opened on a thread of their own, with the real engine. */
import { readdirSync, readFileSync } from "node:fs";
import { getPriority } from "node:os";
import { openFromImage, RequestId, toHeadTable } from "@regomesh/policy-runtime";
import { afterEach, expect, test, vi } from "vitest";
import { makeAuthz, makePolicy } from "../../test/make-policy.ts";
import { ModuleRefused, ModuleThread, ModuleThreadFailed } from "./module-thread.ts";
import { openModule } from "./open-module.ts";

const threads: ModuleThread[] = [];
afterEach(async () => {
  for (const thread of threads.splice(0)) await thread.close();
});

function openThread(): ModuleThread {
  const thread = new ModuleThread();
  threads.push(thread);
  return thread;
}

const DESTINATION = { service: "svc", namespace: "default", workload: "svc-1", labels: {}, port: 80 };
const made = makePolicy({
  ...makeAuthz(`default allow := false
allow if http.path in data.paths`),
  data: { paths: Array.from({ length: 20_000 }, (_, i) => `/p/${i}`) },
});
const ask = (wasm: Uint8Array) => ({
  ...{ wasm, data: made.module.data, destination: DESTINATION, seed: 3 },
  entrypoints: made.ref.entrypoints.map(({ name, fuel }) => ({ name, fuel })),
});

function isAllowed(policy: Awaited<ReturnType<typeof openFromImage>>, path: string): unknown {
  const head = Buffer.from(`GET ${path} HTTP/1.1\r\nhost: a\r\n\r\n`);
  return policy.decide(head, head.length, toHeadTable(head), 1, RequestId.of("id"), 0).authz(0);
}

const open = (thread: ModuleThread | undefined, shared?: Awaited<ReturnType<ModuleThread["open"]>>) =>
  openModule({
    ...{ ref: made.ref, modules: [made.module], destination: DESTINATION, role: "inbound", thread, shared },
    load: async () => ({}),
  });

test("a module comes compiled, with its data read, and decides here", async () => {
  const { wasm, image, isSlow } = await openThread().open(ask(made.module.wasm));
  expect(isSlow).toBe(false);
  const policy = await openFromImage({ wasm }, image, async () => {});
  expect(isAllowed(policy, "/p/19999")).toMatchObject({ value: { allowed: true } });
  expect(isAllowed(policy, "/p/20000")).toMatchObject({ value: { allowed: false } });
});

test("what is no module is refused with its reason, and the thread goes on", async () => {
  const thread = openThread();
  await expect(thread.open(ask(new Uint8Array([0, 97, 115, 109, 9])))).rejects.toThrow(ModuleRefused);
  await expect(thread.open({ ...ask(made.module.wasm), data: "{" })).rejects.toMatchObject({
    code: "policy_bad_module",
  });
  const [one, other] = await Promise.all([thread.open(ask(made.module.wasm)), thread.open(ask(made.module.wasm))]);
  expect(one.image.bytes).toEqual(other.image.bytes);
});

/** Of this process's threads, those that everybody else goes before (proc(5), stat: field 19). */
function lowered(): number {
  const nice = readdirSync("/proc/self/task").map((task) => {
    const stat = readFileSync(`/proc/self/task/${task}/stat`, "latin1");
    return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[16]);
  });
  return nice.filter((value) => value >= 10).length;
}

test.runIf(process.platform === "linux" && getPriority() < 10)(
  "what is open is made fast behind everybody else, on a thread that ends; the next is opened on another",
  async () => {
    const thread = openThread();
    await thread.open(ask(made.module.wasm));
    await vi.waitFor(() => expect(lowered()).toBe(1), { timeout: 10_000, interval: 1 });
    await thread.open(ask(made.module.wasm));
    await vi.waitFor(() => expect(lowered()).toBe(0), { timeout: 10_000 });
  },
);

test("whoever waits is told when the thread is gone, and a later one starts another", async () => {
  const thread = openThread();
  const told = expect(thread.open(ask(made.module.wasm))).rejects.toThrow(ModuleThreadFailed);
  await thread.close();
  await told;
  await expect(thread.open(ask(made.module.wasm))).resolves.toMatchObject({ isSlow: false });
});

test("a policy opened by the thread, by what another thread was given, or here, is the same", async () => {
  const thread = openThread();
  const first = await open(thread);
  const policies = [first, await open(thread, first.shared), await open(undefined)].map(({ policy }) => policy);
  for (const policy of policies) {
    expect(isAllowed(policy as NonNullable<typeof policy>, "/p/7")).toMatchObject({ value: { allowed: true } });
    expect(isAllowed(policy as NonNullable<typeof policy>, "/q")).toMatchObject({ value: { allowed: false } });
  }
});

test("a small module is opened here, where a revision would wait for a thread to start", async () => {
  const small = makePolicy(
    makeAuthz(`default allow := false
allow if http.path == "/p/7"`),
  );
  const thread = openThread();
  const opening = vi.spyOn(thread, "open");
  const { policy } = await openModule({
    ...{ ref: small.ref, modules: [small.module], destination: DESTINATION, role: "inbound", thread },
    load: async () => ({}),
  });
  expect(opening).not.toHaveBeenCalled();
  expect(isAllowed(policy as NonNullable<typeof policy>, "/p/7")).toMatchObject({ value: { allowed: true } });
  await open(thread);
  expect(opening).toHaveBeenCalledOnce();
});

test("where no thread can be had the module is opened here", async () => {
  const thread = openThread();
  thread.open = () => Promise.reject(new ModuleThreadFailed("no room"));
  const { policy, problems } = await open(thread);
  expect(problems).toEqual([]);
  expect(isAllowed(policy as NonNullable<typeof policy>, "/p/7")).toMatchObject({ value: { allowed: true } });
});

test("a module that cannot serve is a problem of the snapshot's, whoever opens it", async () => {
  const modules = [{ ...made.module, wasm: new Uint8Array([0, 97, 115, 109, 1, 0, 0, 0]) }];
  for (const thread of [undefined, openThread()]) {
    const { problems } = await openModule({
      ...{ ref: made.ref, modules, destination: DESTINATION, role: "inbound", thread },
      load: async () => ({}),
    });
    expect(problems).toMatchObject([{ code: "policy_abi_mismatch" }]);
  }
});

test("a policy that takes its fuel whatever is asked is opened, and says that it is slow", async () => {
  const slow = makePolicy({
    ...makeAuthz(`default allow := false
allow if { some a in data.n; some b in data.n; some c in data.n; a + b + c < 0 }`),
    data: { n: Array.from({ length: 1000 }, (_, i) => i) },
  });
  const { wasm, data } = slow.module;
  const entrypoints = slow.ref.entrypoints.map(({ name, fuel }) => ({ name, fuel }));
  const opened = await openThread().open({ wasm, data, destination: DESTINATION, seed: 3, entrypoints });
  expect(opened.isSlow).toBe(true);
});
