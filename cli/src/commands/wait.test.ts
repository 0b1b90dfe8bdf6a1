import type { ProxyBody, RefusedBody, StatusBody } from "@regomesh/controller";
import { expect, test } from "vitest";
import { judge } from "./wait.ts";

const NEW = "a".repeat(40);
const OLD = "b".repeat(40);
const proxy = (workload: string, more: Partial<ProxyBody>): ProxyBody => ({
  workload,
  namespace: "default",
  service: workload,
  principal: "",
  state: "ready",
  refusedPerSecond: 0,
  isBypassable: true,
  ...more,
});
/** A source by what of it was refused. */
const sourceWith = (refused: RefusedBody): StatusBody["sources"][number] => ({
  name: "root",
  label: "git main",
  url: "/repo",
  follows: "branch main",
  path: "",
  namespaces: [],
  keys: 0,
  refused,
  resources: 0,
  troubles: [],
});
const status = (more: Partial<StatusBody>): StatusBody => ({
  mesh: "m",
  sources: [],
  trustDomain: "td",
  nowMs: 10_000,
  source: { name: "git main", allow: [] },
  warnings: [],
  shadows: [],
  proxies: [],
  revision: {
    name: NEW,
    sent: NEW,
    inputs: [],
    sequence: 2,
    source: "git main",
    subject: "",
    author: "",
    committedAtMs: 0,
    builtAtMs: 0,
    enforced: 0,
    proxies: 0,
  },
  ...more,
});
const refused = {
  commit: OLD,
  subject: "",
  atMs: 0,
  diagnostics: [],
  failedTests: [{ name: "data.a.test_x", file: "a_test.rego", row: 3, message: "x is not true" }],
  refusals: [],
  source: "root",
  verdicts: [],
  resources: 0,
};

test.each<[string, StatusBody, string | undefined, object]>([
  [
    "everywhere; gone proxies are not waited for",
    status({ proxies: [proxy("a", { revision: NEW }), proxy("b", { state: "gone" }), proxy("c", { state: "never" })] }),
    NEW.slice(0, 7),
    { kind: "in-force", name: NEW, on: "1 of 1", effect: "" },
  ],
  ["nobody is there", status({}), NEW, { kind: "in-force", name: NEW, on: "no proxy: none is connected", effect: "" }],
  [
    "one is late, and why",
    status({
      proxies: [proxy("a", { revision: NEW }), proxy("b", { revision: OLD, state: "stale", lastWordMs: 5000 })],
    }),
    NEW,
    {
      kind: "not-yet",
      reason:
        "in force on 1 of 2; not on b is still at bbbbbbb: it was not sent the newer one yet, or has not answered, and has said nothing for 5 s",
    },
  ],
  [
    "refused",
    status({ sources: [sourceWith(refused)] }),
    OLD.slice(0, 8),
    { kind: "refused", reason: "commit bbbbbbb is refused: a_test.rego:3: data.a.test_x fails: x is not true" },
  ],
  [
    "refused of another source than the first",
    status({
      sources: [sourceWith({ ...refused, commit: "c".repeat(40) }), sourceWith({ ...refused, source: "shop" })],
    }),
    OLD.slice(0, 8),
    { kind: "refused", reason: "commit bbbbbbb is refused: a_test.rego:3: data.a.test_x fails: x is not true" },
  ],
  [
    "another is the newest, and the source has a trouble",
    status({ source: { name: "git main", allow: [], trouble: "it is locked" } }),
    "c".repeat(40),
    {
      kind: "not-yet",
      reason: "ccccccc is not in force: the newest revision is aaaaaaa; source: it is locked",
    },
  ],
])("wait: %s", (_, body, wanted, judged) => expect(judge(body, wanted)).toEqual(judged));
