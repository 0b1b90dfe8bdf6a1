import fc from "fast-check";
import { expect, test } from "vitest";
import { type Candidate, settle } from "./settle.ts";
import type { SourceContent } from "./source.ts";

const content = (source: string, id: string): SourceContent => ({
  source,
  label: source,
  revision: { id, subject: "", author: "", committedAtMs: 0 },
  path: "",
  files: [],
});
/** `root 1>2`: the newest is 2, 1 is in force; `a >1`: nothing is in force yet; `b 1`: nothing new. */
function candidate(text: string): Candidate {
  const [source = "", states = ""] = text.split(" ");
  const [before = "", after] = states.split(">");
  return {
    source,
    newest: after === "" ? undefined : content(source, after ?? before),
    lastGood: before === "" ? undefined : content(source, before),
  };
}
/** What does not build together, and whose files a build of it names. */
type Fault = { readonly of: readonly string[]; readonly blames: readonly string[] };

async function play(candidates: readonly string[], faults: readonly Fault[]) {
  const builds: string[] = [];
  const settled = await settle(candidates.map(candidate), async (contents) => {
    const names = contents.map(({ source, revision }) => `${source}${revision.id}`);
    builds.push(names.join(" "));
    const wrong = faults.filter(({ of }) => of.every((name) => names.includes(name)));
    return { built: names.join(" "), isGood: wrong.length === 0, blames: wrong.flatMap(({ blames }) => blames) };
  });
  return { chosen: settled.chosen?.built, refused: [...settled.refused.keys()].sort(), builds: builds.length };
}

const rows: Readonly<
  Record<string, readonly [readonly string[], readonly Fault[], { chosen?: string; refused: string[]; builds: number }]>
> = {
  "nothing new is one build": [["root 1", "a 1"], [], { chosen: "root1 a1", refused: [], builds: 1 }],
  "all that is new goes in force together": [["root 1>2", "a 1>2"], [], { chosen: "root2 a2", refused: [], builds: 1 }],
  "a source's own fault refuses it alone": [
    ["root 1>2", "a 1>2", "b 1>2"],
    [{ of: ["a2"], blames: ["a"] }],
    { chosen: "root2 a1 b2", refused: ["a"], builds: 2 },
  ],
  "and of the first commits, too": [
    ["root >1", "a >1", "b >1"],
    [{ of: ["a1"], blames: ["a"] }],
    { chosen: "root1 b1", refused: ["a"], builds: 2 },
  ],
  "a fault that shows in another's files refuses the one that changed": [
    ["root 1", "a 1>2", "b 1"],
    [{ of: ["a2", "b1"], blames: ["b"] }],
    { chosen: "root1 a1 b1", refused: ["a"], builds: 2 },
  ],
  "and not the other one, which has changed besides": [
    ["root 1", "a 1>2", "b 1>2"],
    [
      { of: ["a2", "b1"], blames: ["b"] },
      { of: ["a2", "b2"], blames: ["b"] },
    ],
    { chosen: "root1 a1 b2", refused: ["a"], builds: 4 },
  ],
  "what only fits together comes together": [
    ["root 1", "a 1>2", "b 1>2"],
    [
      { of: ["a2", "b1"], blames: ["a"] },
      { of: ["a1", "b2"], blames: ["b"] },
    ],
    { chosen: "root1 a2 b2", refused: [], builds: 1 },
  ],
  "a loss that no file shows is its source's alone": [
    ["root 1", "a 1>2", "b 1>2"],
    [{ of: ["a2"], blames: [] }],
    { chosen: "root1 a1 b2", refused: ["a"], builds: 4 },
  ],
  "a root at fault keeps its last good, and the others go on": [
    ["root 1>2", "a 1>2"],
    [{ of: ["root2"], blames: ["root"] }],
    { chosen: "root1 a2", refused: ["root"], builds: 2 },
  ],
  "without a root there is nothing to build": [["root >", "a >1"], [], { refused: [], builds: 0 }],
  "a root that never was right": [
    ["root >1", "a >1"],
    [{ of: ["root1"], blames: ["root"] }],
    { refused: ["root"], builds: 1 },
  ],
};
test.each(Object.entries(rows))("%s", async (_, [candidates, faults, wanted]) => {
  const { chosen, ...rest } = await play(candidates, faults);
  expect({ ...rest, ...(chosen === undefined ? {} : { chosen }) }).toEqual(wanted);
});

test("what is in force needs no build to stay so", async () => {
  const builds: string[] = [];
  const settled = await settle(
    ["root 1>2", "a 1"].map(candidate),
    async (contents) => {
      builds.push(contents.map(({ revision }) => revision.id).join());
      return { built: "", isGood: false, blames: ["root"] };
    },
    (contents) => contents.every(({ revision }) => revision.id === "1"),
  );
  expect([settled.chosen, [...settled.refused.keys()], builds]).toEqual([undefined, ["root"], ["2,1"]]);
});

test("what is in force builds, and no source whose commit harms nobody is refused for another's", async () => {
  const sources = ["root", "a", "b", "c"];
  await fc.assert(
    fc.asyncProperty(fc.subarray(sources), fc.subarray(sources), async (changed, faulty) => {
      const candidates = sources.map((name) => `${name} 1${changed.includes(name) ? ">2" : ""}`);
      const { chosen, refused } = await play(
        candidates,
        faulty.map((name) => ({ of: [`${name}2`], blames: [name] })),
      );
      const wrong = changed.filter((name) => faulty.includes(name));
      expect(refused).toEqual([...wrong].sort());
      expect(chosen).toBe(
        sources.map((name) => `${name}${changed.includes(name) && !wrong.includes(name) ? 2 : 1}`).join(" "),
      );
    }),
    { numRuns: 100 },
  );
});
