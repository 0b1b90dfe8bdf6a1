/** Every command, in the order in which help lists them. */
import type { Command } from "./command.ts";

/** Loaded on use, so that `regomesh status` does not pay for the proxy. */
export const COMMANDS: readonly { readonly name: string; readonly summary: string; load(): Promise<Command> }[] = [
  {
    name: "up",
    summary: "bring up a whole mesh on this machine, with three services and a page",
    load: async () => (await import("./commands/up.ts")).up,
  },
  {
    name: "check",
    summary: "check policies and resources, without running them",
    load: async () => (await import("./commands/check.ts")).check,
  },
  {
    name: "analyze",
    summary: "find what is wrong with a source or a cluster, by codes that stay",
    load: async () => (await import("./commands/analyze.ts")).analyze,
  },
  {
    name: "test",
    summary: "run the unit tests of policies in the engine that enforces them",
    load: async () => (await import("./commands/test.ts")).test,
  },
  {
    name: "eval",
    summary: "evaluate a Rego query",
    load: async () => (await import("./commands/eval.ts")).evaluate,
  },
  {
    name: "build",
    summary: "compile policies to a WebAssembly module",
    load: async () => (await import("./commands/build.ts")).build,
  },
  {
    name: "fmt",
    summary: "lay Rego files out as everyone does",
    load: async () => (await import("./commands/fmt.ts")).fmt,
  },
  {
    name: "capabilities",
    summary: "print what policies may use, in OPA's format",
    load: async () => (await import("./commands/capabilities.ts")).capabilities,
  },
  {
    name: "status",
    summary: "show which revision is in force where, and what was refused",
    load: async () => (await import("./commands/status.ts")).status,
  },
  {
    name: "doctor",
    summary: "say whether an installation is well, and what to do where it is not",
    load: async () => (await import("./commands/doctor.ts")).doctor,
  },
  {
    name: "decisions",
    summary: "show what was decided, and why it was refused",
    load: async () => (await import("./commands/decisions.ts")).decisions,
  },
  {
    name: "explain",
    summary: "say why a request was refused, or would be",
    load: async () => (await import("./commands/explain.ts")).explain,
  },
  {
    name: "get",
    summary: "list the resources that are in force",
    load: async () => (await import("./commands/get.ts")).get,
  },
  {
    name: "wait",
    summary: "wait until a commit is in force everywhere",
    load: async () => (await import("./commands/wait.ts")).wait,
  },
  {
    name: "confirm",
    summary: "say that what a commit takes away is meant",
    load: async () => (await import("./commands/confirm.ts")).confirm,
  },
  {
    name: "source",
    summary: "show, look at, suspend and resume where revisions come from",
    load: async () => (await import("./commands/source.ts")).source,
  },
  {
    name: "rollback",
    summary: "put an earlier revision in force, above git",
    load: async () => (await import("./commands/rollback.ts")).rollback,
  },
  {
    name: "promote",
    summary: "have the release under way go on without waiting",
    load: async () => (await import("./commands/release.ts")).promote,
  },
  {
    name: "abort",
    summary: "take the release under way back",
    load: async () => (await import("./commands/release.ts")).abort,
  },
  {
    name: "token",
    summary: "make, list and take back what proxies join the mesh with",
    load: async () => (await import("./commands/token.ts")).token,
  },
  {
    name: "identity",
    summary: "show, renew and take back the certificates of proxies",
    load: async () => (await import("./commands/identity.ts")).identity,
  },
  {
    name: "docs",
    summary: "print the reference of a kind of resource",
    load: async () => (await import("./commands/docs.ts")).docs,
  },
  {
    name: "controller",
    summary: "run the controller of a mesh: git source, builds, certificate authority, page",
    load: async () => (await import("./commands/controller.ts")).controller,
  },
  {
    name: "proxy",
    summary: "run the sidecar of one workload",
    load: async () => (await import("./commands/proxy.ts")).proxy,
  },
  {
    name: "capture",
    summary: "lead a workload's traffic through its sidecar, in its network namespace",
    load: async () => (await import("./commands/capture.ts")).capture,
  },
  {
    name: "drain",
    summary: "have a sidecar finish what is under way, and end",
    load: async () => (await import("./commands/drain.ts")).drain,
  },
  {
    name: "version",
    summary: "show the version, and what it speaks",
    load: async () => (await import("./commands/version.ts")).version,
  },
  {
    name: "completion",
    summary: "print a script with which a shell completes this command line",
    load: async () => (await import("./commands/completion.ts")).makeCompletion(() => COMMANDS),
  },
];

/** The one of the known names that a wrong one was meant to be, if one is near enough; of commands, unless said. */
export async function findNear(
  name: string,
  known: readonly string[] = COMMANDS.map((command) => command.name),
): Promise<string | undefined> {
  const { nearest } = await import("./near.ts");
  return nearest(name, known);
}
