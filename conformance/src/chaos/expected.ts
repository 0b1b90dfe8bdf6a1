/**
 * What each revision decides about a request, from what was committed: the model against
 * which records are held. A record is an access log's line.
 */
import type { Grants } from "./schedule.ts";

export type AccessLine = {
  readonly time: string;
  readonly direction: "inbound" | "outbound";
  readonly method: string;
  readonly path: string;
  readonly status: number;
  readonly verdict: string;
  readonly source: string;
  readonly service: string;
  readonly revision: string;
  /** Of the whole request; what decided is what was in force when it began. */
  readonly durationMs: number;
  readonly reason?: string;
};

/** A line, or undefined where the text is a part of one: a disk that was full took no more. */
export function parseLine(text: string): AccessLine | undefined {
  try {
    return JSON.parse(text) as AccessLine;
  } catch {
    return undefined;
  }
}

/** Whether the revision allows what the line is about; undefined where it is about no decision of an inbound policy. */
export function allows(line: AccessLine, grants: Grants): boolean | undefined {
  if (line.direction !== "inbound" || (line.verdict !== "allowed" && line.verdict !== "denied")) return undefined;
  const account = line.source.split("/").at(-1);
  if (line.service.startsWith("web")) {
    const { pathname, searchParams } = new URL(line.path, "http://edge");
    const user = searchParams.get("user");
    if (line.source !== "" || user === null) return undefined;
    return grants.users[user]?.includes(pathname.slice(1)) ?? false;
  }
  if (line.service.startsWith("orders")) return account === "web" && grants.webMethods.includes(line.method);
  if (line.service.startsWith("payments")) return account === "orders" && ["GET", "POST"].includes(line.method);
  return undefined;
}

/** The data file of examples/authz that says these grants. */
export function printGrants({ users, webMethods }: Grants): string {
  const list = (names: readonly string[]) => `[${names.join(", ")}]`;
  return [
    "users:",
    ...Object.entries(users).map(([user, grants]) => `  ${user}: ${list(grants)}`),
    "workloads:",
    "  web:",
    `    - { service: orders, methods: ${list(webMethods)} }`,
    "  orders:",
    "    - { service: payments, methods: [GET, POST] }",
    "",
  ].join("\n");
}
