/** A whole mesh for the tests: a controller on a repository, and for each program an application with its sidecar, all processes. */

import { execFile } from "node:child_process";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { promisify } from "node:util";
import { Child, freePort, type Ready } from "@regomesh/cli";
import type { StatusBody } from "@regomesh/controller";
import { refusedOf } from "@regomesh/controller";
import { nextEvent } from "../mesh/events.ts";
import type { Manifest } from "./cases.ts";
import { type Program, type ProgramPorts, programsOf, toResources } from "./resources.ts";

const ROOT = resolve(import.meta.dirname, "../../..");
const COMMAND = join(ROOT, "cli/bin/regomesh.mjs");
const run = promisify(execFile);
/** A process starts in a second or two, on a machine that does much else in many. */
const READY_MS = 120_000;
const IN_FORCE_MS = 60_000;

type Member = { readonly program: Program; readonly ports: ProgramPorts; readonly sidecar: Ready };

export class Cluster {
  readonly #folder: string;
  readonly #children: Child[] = [];
  readonly #members: Member[] = [];
  #page = "";
  /** Objects that stand now, by kind and name: an object that is applied again takes its own place. */
  #applied = new Map<string, Manifest>();
  #base = "";

  private constructor(folder: string) {
    this.#folder = folder;
  }

  static async open(manifests: readonly Manifest[]): Promise<Cluster> {
    const cluster = new Cluster(await mkdtemp(join(tmpdir(), "regomesh-gateway-api-")));
    try {
      await cluster.#start(manifests);
      return cluster;
    } catch (error) {
      await cluster.close();
      throw error;
    }
  }

  /** Makes the cluster's routes these and no others, and waits until every proxy has them. */
  async apply(manifests: readonly Manifest[]): Promise<void> {
    this.#applied = new Map(manifests.map((manifest) => [keyOf(manifest), manifest]));
    const routes = [...this.#applied.values()].map((manifest) => `---\n${JSON.stringify(manifest)}\n`);
    await writeFile(this.#path("repo/mesh.yaml"), `${this.#base}${routes.join("")}`);
    await this.#git("add", "--all");
    await this.#git("commit", "--quiet", "--allow-empty", "-m", "What the test applies");
    const commit = await this.#git("rev-parse", "HEAD");
    const status = await nextEvent<StatusBody>(this.#page, "status", {
      what: `commit ${commit.slice(0, 7)} in force on ${this.#members.length} or refused`,
      withinMs: IN_FORCE_MS,
      wanted: (body) =>
        refusedOf(body)?.commit === commit ||
        (body.revision?.name === commit && body.revision.enforced === this.#members.length),
    });
    const refused = refusedOf(status);
    if (refused?.commit === commit)
      throw new Error(`refused: ${refused.diagnostics.map(({ message }) => message).join("; ")}`);
  }

  /** Where a program sends its requests: its sidecar's port. */
  outboundOf(name: string, namespace: string): number {
    return Number(String(this.#find(name, namespace).sidecar["outbound"]).split(":").at(-1));
  }

  /** The address at which the mesh reaches a program itself. */
  addressOf(name: string, namespace: string): string {
    const inbound = this.#find(name, namespace).sidecar["inbound"] as Readonly<Record<string, string>>;
    return inbound["http"] ?? "";
  }

  async close(): Promise<void> {
    await Promise.all(this.#children.map((child) => child.close()));
    await rm(this.#folder, { recursive: true, force: true });
  }

  #find(name: string, namespace: string): Member {
    const found = this.#members.find(({ program }) => program.name === name && program.namespace === namespace);
    if (found === undefined) throw new Error(`the manifests have no program ${namespace}/${name}`);
    return found;
  }

  async #start(manifests: readonly Manifest[]): Promise<void> {
    const programs = programsOf(manifests);
    const ports = new Map<Program, ProgramPorts>();
    for (const program of programs) ports.set(program, { http: await freePort(), grpc: await freePort() });
    const portsOf = ({ name, namespace }: Program): ProgramPorts => {
      const known = programs.find((each) => each.name === name && each.namespace === namespace);
      return (known && ports.get(known)) ?? { http: 1, grpc: 1 };
    };
    this.#base = toResources(manifests, portsOf);
    await this.#makeRepository();
    const tokens = programs.flatMap((program) => ["--join-token", `${nameOf(program)}=${this.#token(program)}`]);
    const flags = ["--git", this.#path("repo"), "--state", this.#path("state"), "--http", "127.0.0.1:0"];
    const controller = await this.#spawn("controller", [
      COMMAND,
      "controller",
      ...flags,
      ...["--grpc", "127.0.0.1:0", "--exit-with-parent"],
      ...tokens,
    ]);
    this.#page = String(controller["http"]);
    const members = programs.map((program) =>
      this.#startProgram(program, portsOf(program), String(controller["grpc"])),
    );
    this.#members.push(...(await Promise.all(members)));
  }

  async #startProgram(program: Program, ports: ProgramPorts, grpc: string): Promise<Member> {
    const { name, namespace } = program;
    await this.#spawn(`echo of ${nameOf(program)}`, [
      join(import.meta.dirname, "echo.ts"),
      ...[name, namespace, String(ports.http), String(ports.grpc)],
    ]);
    const sidecar = await this.#spawn(`sidecar of ${nameOf(program)}`, [
      COMMAND,
      "proxy",
      ...["--workload", name, "--namespace", namespace, "--controller", grpc],
      ...["--join-token-file", this.#token(program), "--state", this.#path(`proxies/${namespace}-${name}`)],
      "--exit-with-parent",
    ]);
    return { program, ports, sidecar };
  }

  async #spawn(name: string, args: readonly string[]): Promise<Ready> {
    const child = new Child({ name, args, cwd: ROOT, onExit: () => {} });
    this.#children.push(child);
    return await child.ready(READY_MS);
  }

  async #makeRepository(): Promise<void> {
    for (const folder of ["repo", "state", "tokens", "proxies"]) await mkdir(this.#path(folder), { mode: 0o700 });
    await writeFile(this.#path("repo/mesh.yaml"), this.#base);
    await this.#git("init", "--quiet", "--initial-branch=main");
    await this.#git("config", "user.name", "Gateway API tests");
    await this.#git("config", "user.email", "tests@example.org");
    await this.#git("config", "commit.gpgsign", "false");
    await this.#git("add", "--all");
    await this.#git("commit", "--quiet", "-m", "The mesh as it starts");
  }

  async #git(...args: readonly string[]): Promise<string> {
    return (await run("git", ["-C", this.#path("repo"), ...args])).stdout.trim();
  }

  #path(name: string): string {
    return join(this.#folder, name);
  }

  #token({ name, namespace }: Program): string {
    return this.#path(`tokens/${namespace}-${name}.token`);
  }
}

function nameOf({ name, namespace }: Program): string {
  return `${namespace}/${name}`;
}

function keyOf({ kind, metadata: { name, namespace = "default" } }: Manifest): string {
  return `${kind} ${namespace}/${name}`;
}
