import { describe, expect, test } from "vitest";
import type { Input } from "../sources/source.ts";
import { Announcer, type News } from "./news.ts";
import { afterAnswer } from "./retry.ts";
import { nameTarget, parseTarget, type TellTarget, toTelling } from "./target.ts";

const commit = (digit: string) => digit.repeat(40);
const news = (more: Partial<News> = {}): News => ({
  what: "refused",
  source: "root",
  commit: commit("a"),
  subject: "s",
  author: "Ann",
  reason: "mesh.yaml:1:1: no",
  atMs: 5,
  ...more,
});

describe("targets", () => {
  const rows: Readonly<Record<string, TellTarget | string>> = {
    "webhook:https://hooks.example.org/x?key=1": {
      kind: "webhook",
      url: "https://hooks.example.org/x?key=1",
      source: undefined,
    },
    "github:https://api.github.com/repos/o/r": {
      kind: "github",
      url: "https://api.github.com/repos/o/r",
      source: "root",
    },
    "shop/gitlab:https://gitlab.example.org/api/v4/projects/7": {
      kind: "gitlab",
      url: "https://gitlab.example.org/api/v4/projects/7",
      source: "shop",
    },
    "webhook:http://127.0.0.1:9/x": { kind: "webhook", url: "http://127.0.0.1:9/x", source: undefined },
    "webhook:http://hooks.example.org/x": "the address must be https",
    "webhook:http://127.0.0.1.example.org/x": "the address must be https",
    "webhook:https://user:secret@hooks.example.org/": "neither user, password nor fragment",
    "github:https://api.github.com/repos/o/r?x=1": "has no query",
    "mail:https://a.example.org": "is wanted",
    "webhook:": "is wanted",
  };
  test.each(Object.entries(rows))("%s", (text, wanted) => {
    const found = parseTarget(text);
    if (typeof wanted !== "string") expect(found).toEqual(wanted);
    else expect("fault" in found ? found.fault : found).toContain(wanted);
  });

  test("are named without what a query may hold", () => {
    expect(nameTarget({ kind: "webhook", url: "https://h.example.org/x?key=secret", source: undefined })).toBe(
      "webhook https://h.example.org/x",
    );
  });
});

describe("what is sent", () => {
  const github: TellTarget = { kind: "github", url: "https://api.github.com/repos/o/r", source: "root" };
  const gitlab: TellTarget = { kind: "gitlab", url: "https://gitlab.com/api/v4/projects/7", source: "shop" };

  test("GitHub's commit status", () => {
    const telling = toTelling(github, news(), "demo");
    expect(telling?.url).toBe(`https://api.github.com/repos/o/r/statuses/${commit("a")}`);
    expect(JSON.parse(telling?.body ?? "")).toEqual({
      state: "failure",
      description: "demo: refused: mesh.yaml:1:1: no",
      context: "regomesh",
    });
    expect(telling?.secret).toEqual({ kind: "field", field: "authorization", prefix: "Bearer " });
  });

  test("GitLab's, with its own words", () => {
    const telling = toTelling(gitlab, news({ source: "shop", what: "rolled-back" }), "demo");
    expect(JSON.parse(telling?.body ?? "")).toMatchObject({ state: "canceled", name: "regomesh/shop" });
    expect(telling?.secret.field).toBe("private-token");
  });

  test("no longer than a server takes", () => {
    const { body = "" } = toTelling(github, news({ reason: "x".repeat(1000) }), "demo") ?? {};
    expect((JSON.parse(body) as { description: string }).description.length).toBeLessThanOrEqual(140);
  });

  test("nothing of another source, nor of what is no commit", () => {
    expect(toTelling(github, news({ source: "shop" }), "demo")).toBeUndefined();
    expect(toTelling(github, news({ commit: "12345" }), "demo")).toBeUndefined();
  });
});

test.each([
  [{ status: 201 }, 1, { kind: "told" }],
  [{ status: 302 }, 1, { kind: "given-up" }],
  [{ status: 401 }, 1, { kind: "given-up" }],
  [{ status: undefined }, 1, { kind: "again", restMs: 1000 }],
  [{ status: 500 }, 3, { kind: "again", restMs: 4000 }],
  [{ status: 429, retryAfter: "9" }, 1, { kind: "again", restMs: 9000 }],
  [{ status: 503, retryAfter: "99999" }, 1, { kind: "again", restMs: 300_000 }],
  [{ status: 503, retryAfter: "Fri, 27 Nov" }, 1, { kind: "again", restMs: 1000 }],
  [{ status: 500 }, 7, { kind: "given-up" }],
] as const)("after %j, attempt %i: %j", (answer, attempt, next) => {
  expect(afterAnswer(answer, attempt, () => 1)).toEqual(next);
});

describe("news", () => {
  const input = (id: string): Input => ({
    source: "root",
    label: "git main",
    path: "",
    id: commit(id),
    subject: id,
    author: "Ann",
    committedAtMs: 0,
  });
  const revision = (id: string) => ({ id: commit(id), subject: id, author: "Ann", committedAtMs: 0 });
  function started() {
    const told: string[] = [];
    const announcer = new Announcer(
      ({ what, commit: id, reason }) => void told.push([what, id[0], reason].join(" ").trim()),
    );
    return { announcer, told };
  }

  test("each thing once, and again only after another one", () => {
    const { announcer, told } = started();
    announcer.begin();
    announcer.verdict("root", { revision: revision("a"), isAccepted: true, refused: [] }, 0);
    announcer.proven([input("a")], 0);
    announcer.proven([input("a")], 0);
    announcer.verdict("root", { revision: revision("a"), isAccepted: true, refused: [] }, 0);
    announcer.verdict("root", { revision: revision("b"), isAccepted: false, reason: "no", refused: [] }, 0);
    announcer.verdict("root", { revision: revision("b"), isAccepted: false, reason: "no", refused: [] }, 0);
    announcer.verdict("root", { revision: revision("c"), isAccepted: true, refused: [] }, 0);
    announcer.verdict(
      "root",
      { revision: revision("c"), isAccepted: false, isTakenBack: true, reason: "harm", refused: [] },
      0,
    );
    announcer.rolledBack([input("a")], [input("d")], 0);
    announcer.proven([input("d")], 0);
    announcer.proven([input("a")], 0);
    expect(told).toEqual([
      "accepted a",
      "in-force a",
      "refused b no",
      "accepted c",
      "held c harm",
      "rolled-back a an operator has rolled back to dddddddddddd",
      "in-force d",
      "in-force a",
    ]);
  });

  test("what was in force before a start was told by then", () => {
    const { announcer, told } = started();
    announcer.proven([input("a")], 0);
    announcer.begin();
    announcer.proven([input("a")], 0);
    expect(told).toEqual([]);
  });
});
