/** Policies that go over much of the data for one answer: `walk` to a path that is known, and comprehensions over rows. */
import type { EnginePolicy, EngineRequest } from "./policies.ts";

const TEAMS = 300;
const ROWS = 3000;
/** Some engines take tens of milliseconds for one. */
const REQUESTS = 2;

export const COLLECTION_NAMES = ["walk, path known", "rows, by number", "rows, by user", "rows, all"] as const;

type Body = Pick<EnginePolicy, "data"> & { readonly rego: string };

export function collectionPolicy(name: (typeof COLLECTION_NAMES)[number]): EnginePolicy {
  const { rego, data } = bodyOf(name);
  const requests = Array.from({ length: REQUESTS }, (_, i) => requestOf(i * 9));
  return {
    ...{ name, data, requests },
    rego: `package mesh.authz\nimport input.attributes.request.http\ndefault allow := false\n${rego}\n`,
    entrypoint: "mesh/authz/allow",
    wanted: requests.map(() => true),
  };
}

function bodyOf(name: (typeof COLLECTION_NAMES)[number]): Body {
  switch (name) {
    case "walk, path known":
      return {
        data: JSON.stringify({ teams: teams() }),
        rego: `allow if {
	walk(data.teams, [[http.headers["x-team"], "owner"], owner])
	owner == http.headers["x-user"]
}`,
      };
    case "rows, by number":
      return {
        data: JSON.stringify({ rows: rows() }),
        rego: "allow if count([row.id | some row in data.rows; row.score >= 50]) == 1500",
      };
    case "rows, by user":
      return {
        data: JSON.stringify({ rows: rows() }),
        rego: 'allow if count({row.id | some row in data.rows; row.user == http.headers["x-user"]}) == 10',
      };
    case "rows, all":
      return {
        data: JSON.stringify({ rows: rows() }),
        rego: 'allow if http.headers["x-user"] in {row.user | some row in data.rows}',
      };
  }
}

function requestOf(i: number): EngineRequest {
  return {
    ...{ method: "GET", path: "/", principal: "spiffe://cluster.local/ns/a/sa/b" },
    fields: [
      ["host", "a"],
      ["x-user", `u${i}`],
      ["x-team", `team-${i}`],
    ],
  };
}

/** Each has an owner, and ten members of two roles. */
function teams(): object {
  const member = (team: number, i: number) => ({ name: `m${team}-${i}`, roles: ["a", "b"] });
  const team = (i: number) => ({ owner: `u${i}`, members: Array.from({ length: 10 }, (_, at) => member(i, at)) });
  return Object.fromEntries(Array.from({ length: TEAMS }, (_, i) => [`team-${i}`, team(i)]));
}

/** Half of them have a score of 50 or more; ten are of one user. */
function rows(): readonly object[] {
  return Array.from({ length: ROWS }, (_, i) => ({
    ...{ id: `r${i}`, score: (i * 7919) % 100, user: `u${i % TEAMS}` },
    tags: ["x", `t${i % 10}`],
  }));
}
