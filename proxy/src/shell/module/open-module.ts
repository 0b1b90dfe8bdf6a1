/** Opens the policy that a snapshot refers to, or says why the snapshot cannot be enforced. */
import { randomInt } from "node:crypto";
import {
  CAPABILITIES,
  type Destination,
  type ModuleMeta,
  openFromImage,
  openPolicy,
  openRenewingPolicy,
  type Policy,
  type Role,
} from "@regomesh/policy-runtime";
import { EVALUATION_CLOCK, type LoadBuiltins } from "@regomesh/policy-runtime/node";
import type { NackReason, PolicyRef, SnapshotModule, SnapshotProblem, WorkloadSnapshot } from "@regomesh/protocol";
import {
  compileAhead,
  compileModuleAside,
  describe,
  fuelOf,
  maskOf,
  reasonOf,
  refusedBuiltins,
} from "./compile-module.ts";
import { ModuleRefused, type ModuleThread, ModuleThreadFailed, type ThreadOpened } from "./module-thread.ts";
import { ASIDE_FUEL, type Questions, warm, warmAside, warmStart } from "./warm.ts";

/** `input.destination`: the proxy's own workload. */
export function destinationOf(workload: WorkloadSnapshot): Destination {
  const { service, namespace, name, labels, inbound } = workload;
  return { service, namespace, workload: name, labels, port: inbound[0]?.application.port ?? 0 };
}

/** An instance that has grown is replaced so much later: a client makes no more than one start in it. */
const RENEW_MS = 1000;

/** Characters of data that are read in less than a millisecond: less than another thread takes to start. */
const DATA_READ_HERE = 64 * 1024;
/** Bytes of a module that the engine has looked through in about a millisecond; it compiles what is called, when it is. */
const WASM_READ_HERE = 256 * 1024;

type Opened = {
  readonly policy?: Policy;
  readonly problems: readonly SnapshotProblem[];
  /** What the module thread gave, for other threads that serve by the same module. */
  readonly shared?: ThreadOpened;
};

export type OpenModuleOptions = {
  readonly ref: PolicyRef;
  readonly modules: readonly SnapshotModule[];
  readonly destination: Destination;
  /** Brings the built-ins that the module needs; a module that needs none costs nothing. */
  readonly load: LoadBuiltins;
  readonly role: Role;
  /** For what would hold requests up here; undefined: this thread serves nobody yet. */
  readonly thread: ModuleThread | undefined;
  /** What another thread's opening of the same gave. */
  readonly shared?: ThreadOpened | undefined;
};

export async function openModule(options: OpenModuleOptions): Promise<Opened> {
  const { ref, modules, thread } = options;
  const name = `module ${ref.module.slice(0, 12)}`;
  const module = modules.find(({ hash }) => hash === ref.module);
  if (module === undefined) return problem("policy_missing", `${name} is not there`);
  try {
    if (thread === undefined) return await openHere(options, module, warmStart);
    compileAhead();
    // A thread takes longer to start than this takes, and a revision would wait for it.
    if (module.wasm.length < WASM_READ_HERE && module.data.length < DATA_READ_HERE) {
      return await openHere(options, module, warm, warmAside);
    }
    try {
      const { shared: given, ...own } = options;
      const shared = given ?? (await askThread(own, module, thread));
      // What may be asked later holds nothing of what was given: an image is as large as the policy's memory.
      return { ...(await openShared({ ...own, modules: [] }, module, thread, shared)), shared };
    } catch (error) {
      // There is no room for another thread: requests wait a little.
      if (error instanceof ModuleThreadFailed) return await openHere(options, module, warm);
      throw error;
    }
  } catch (error) {
    const code = error instanceof ModuleRefused ? error.code : reasonOf(error);
    const what = code === "policy_abi_mismatch" ? "has" : "does not load:";
    return problem(code, `${name} ${what} ${(error as Error).message}`);
  }
}

/** Everything on this thread; `goOn` is given an instance of its own, which nobody else asks. */
async function openHere(
  options: OpenModuleOptions,
  module: SnapshotModule,
  warmUp: (policy: Policy, questions: Questions) => void,
  goOn?: (policy: Policy, questions: Questions) => void,
): Promise<Opened> {
  const { ref, destination } = options;
  const { wasm, meta } = await compileModuleAside(module.wasm);
  const common = { ...(await commonOptions(options, meta)), wasm, data: module.data, destination };
  const policy = await openRenewingPolicy({
    open: async (onGrown) => openPolicy({ ...common, seed: drawSeed(), onGrown }),
    later,
  });
  const questions = questionsOf(meta, ref);
  warmUp(policy, questions);
  if (goOn !== undefined) {
    const fuel = new Map([...common.fuel].map(([index, units]) => [index, Math.min(units, ASIDE_FUEL)]));
    const aside = { fuel, hostBuiltins: refusedBuiltins(meta), seed: drawSeed(), onGrown: () => {} };
    goOn(openPolicy({ ...common, ...aside }), questions);
  }
  return { policy, problems: [] };
}

function askThread(
  { ref, destination }: OpenModuleOptions,
  { wasm, data }: SnapshotModule,
  thread: ModuleThread,
): Promise<ThreadOpened> {
  return thread.open({ wasm, data, destination, seed: drawSeed(), entrypoints: fuels(ref) });
}

/** What the thread has opened is put into an instance of this one's, by pieces. */
async function openShared(
  options: OpenModuleOptions,
  module: SnapshotModule,
  thread: ModuleThread,
  shared: ThreadOpened,
): Promise<Opened> {
  const { destination } = options;
  const { wasm, meta } = describe(shared.wasm);
  const common = { ...(await commonOptions(options, meta)), wasm };
  let image: ThreadOpened["image"] | undefined = shared.image;
  const policy = await openRenewingPolicy({
    open: async (onGrown) => {
      const given = image;
      image = undefined;
      if (given !== undefined) return await openFromImage({ ...common, onGrown }, given, nextTurn);
      // Later ones have a seed of their own.
      const { data } = module;
      if (data.length < DATA_READ_HERE) return openPolicy({ ...common, data, destination, seed: drawSeed(), onGrown });
      return await openFromImage({ ...common, onGrown }, (await askThread(options, module, thread)).image, nextTurn);
    },
    later,
  });
  if (!shared.isSlow) warm(policy, questionsOf(meta, options.ref));
  return { policy, problems: [] };
}

async function commonOptions({ ref, load, role }: OpenModuleOptions, meta: ModuleMeta) {
  const offered = CAPABILITIES[role].hostBuiltins;
  const hostBuiltins = await load(meta.hostBuiltins.filter((builtin) => offered.has(builtin)));
  return { fuel: fuelOf(meta, ref.entrypoints), hostBuiltins, clock: EVALUATION_CLOCK };
}

function fuels({ entrypoints }: PolicyRef) {
  return entrypoints.map(({ name, fuel }) => ({ name, fuel }));
}

function questionsOf(meta: ModuleMeta, { entrypoints }: PolicyRef): Questions {
  const answers = entrypoints.flatMap(({ name, kind }) => {
    const bit = meta.entrypoints.findIndex((other) => other.name === name);
    return bit < 0 ? [] : [{ bit, kind }];
  });
  const names = entrypoints.map(({ name }) => name);
  return { mask: maskOf(meta, names), answers };
}

const drawSeed = (): number => randomInt(2 ** 32);
const nextTurn = (): Promise<void> => new Promise((next) => setImmediate(next));
const later = (work: () => Promise<void>): void => void setTimeout(() => void work(), RENEW_MS).unref();

function problem(code: NackReason, message: string): Opened {
  return { problems: [{ code, message }] };
}
