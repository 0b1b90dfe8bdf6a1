/**
 * Machines of a test, each a network namespace of its own on one bridge, IPv4 and IPv6: what a Pod sees. Needs the
 * right to make them (root, in a namespace); where that is missing tests say so. They go with the processes that hold
 * them, which end with this one.
 */
import { type ChildProcess, spawn, spawnSync } from "node:child_process";
import { once } from "node:events";
import { until } from "./deadline.ts";

const START_MS = 20_000;

/** Why there can be none here; undefined where there can. */
export function whyNoNetwork(): string | undefined {
  const missing = ["unshare", "nsenter", "setpriv", "curl"].find((program) => !isProgramThere(program));
  if (missing !== undefined) return `${missing} is not installed`;
  const make = "ip link add v0 type veth peer name v1 && ip link add b0 type bridge";
  const { status, stderr } = spawnSync("unshare", ["-n", "sh", "-c", make], { encoding: "utf8" });
  return status === 0 ? undefined : `no network namespaces can be made here: ${stderr.trim()}`;
}

function isProgramThere(program: string): boolean {
  return spawnSync("sh", ["-c", 'command -v "$0"', program]).status === 0;
}

export class TestNetwork {
  readonly #hub: ChildProcess;
  readonly #machines: Machine[] = [];

  private constructor(hub: ChildProcess) {
    this.#hub = hub;
  }

  static async open(): Promise<TestNetwork> {
    const hub = await holdNamespace();
    within(
      hub,
      `ip link set lo up
      ip link add bridge type bridge && ip link set bridge up
      ip address add 10.77.0.1/24 dev bridge && ip address add fd77::1/64 dev bridge nodad`,
    );
    return new TestNetwork(hub);
  }

  /** The machine at 10.77.0.`number` and fd77::`number`, which sends what is for elsewhere to the bridge. */
  async add(number: number): Promise<Machine> {
    const holder = await holdNamespace();
    const machine = new Machine(holder, number);
    this.#machines.push(machine);
    within(
      this.#hub,
      `ip link add port${number} type veth peer name eth0 netns ${holder.pid}
      ip link set port${number} master bridge up`,
    );
    machine.run(`ip link set lo up && ip link set eth0 up
      ip address add ${machine.ipv4}/24 dev eth0 && ip address add ${machine.ipv6}/64 dev eth0 nodad
      ip route add default via 10.77.0.1 && ip -6 route add default via fd77::1`);
    return machine;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const holders = [...this.#machines.map(({ holder }) => holder), this.#hub];
    await Promise.all(
      holders.map(async (holder) => {
        if (holder.exitCode !== null || holder.signalCode !== null) return;
        const ended = once(holder, "exit");
        holder.kill("SIGKILL");
        await ended;
      }),
    );
  }
}

export class Machine {
  readonly holder: ChildProcess;
  readonly ipv4: string;
  readonly ipv6: string;

  constructor(holder: ChildProcess, number: number) {
    this.holder = holder;
    this.ipv4 = `10.77.0.${number}`;
    this.ipv6 = `fd77::${number}`;
  }

  /** Stands before a command that runs there as this user. */
  as(uid: number): readonly string[] {
    // Its own files are in folders of this process's user.
    const keeps = uid === 0 ? [] : ["--inh-caps=+dac_override", "--ambient-caps=+dac_override"];
    const user = ["setpriv", `--reuid=${uid}`, `--regid=${uid}`, "--clear-groups", ...keeps, "--"];
    return [...enter(this.holder), ...(uid === 0 ? [] : user)];
  }

  /** Runs a script there as root; throws what it said where it fails. */
  run(script: string): string {
    return within(this.holder, script);
  }

  /** What a program there says, and how it ends. */
  async say(uid: number, program: readonly string[]): Promise<{ readonly code: number | null; readonly out: string }> {
    const [file = "", ...args] = [...this.as(uid), ...program];
    const child = spawn(file, args, { stdio: ["ignore", "pipe", "pipe"] });
    let out = "";
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8").on("data", (text: string) => {
        out += text;
      });
    }
    const [code] = (await once(child, "close")) as [number | null];
    return { code, out };
  }
}

function enter({ pid }: ChildProcess): readonly string[] {
  return ["nsenter", `--net=/proc/${pid}/ns/net`];
}

function within(holder: ChildProcess, script: string): string {
  const [file = "", ...args] = [...enter(holder), "sh", "-e", "-c", script];
  const { status, stdout, stderr } = spawnSync(file, args, { encoding: "utf8" });
  if (status !== 0) throw new Error(`${script}: ${stderr}`);
  return stdout;
}

/** A process in a namespace of its own, that ends when its standard input closes. */
async function holdNamespace(): Promise<ChildProcess> {
  const holder = spawn("unshare", ["-n", "sh", "-c", "echo there && exec cat"], { stdio: ["pipe", "pipe", "ignore"] });
  let isThere = false;
  holder.stdout?.once("data", () => {
    isThere = true;
  });
  await until("a network namespace", START_MS, () => isThere || undefined);
  return holder;
}
