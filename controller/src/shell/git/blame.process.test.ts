/** What excerpts hold in memory: asked in a process that collects its garbage when it is told to. */
import { execFileSync } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { expect, test } from "vitest";

const FILE_BYTES = 1024 * 1024;
const EXCERPTS = 20;

/** The middle line is as long as the rest of the file: blame prints it. */
const text = (): string => {
  const lines = Array.from({ length: FILE_BYTES / 2 / 64 }, (_, n) => `# ${n} `.padEnd(63, "x"));
  lines[20] = "y".repeat(FILE_BYTES / 2);
  return `${lines.join("\n")}\n`;
};

const program = (gitDir: string, commit: string) => `
  import { Excerpts } from ${JSON.stringify(resolve(import.meta.dirname, "blame.ts"))};
  const excerpts = new Excerpts((commit, file) => ({ gitDir: ${JSON.stringify(gitDir)}, commit, file, path: "" }));
  excerpts.give(${JSON.stringify(commit)});
  const read = async (row) => {
    excerpts.prepare(${JSON.stringify(commit)}, "large.rego", row);
    return (await excerpts.read(${JSON.stringify(commit)}, "large.rego", row))?.commit?.subject;
  };
  // Long texts lie outside the heap, and what is outside is given back after a collection.
  const heldBytes = () => {
    gc();
    gc();
    const { heapUsed, external } = process.memoryUsage();
    return heapUsed + external;
  };
  await read(1);
  const before = heldBytes();
  const subjects = [];
  for (let n = 0; n < ${EXCERPTS}; n++) subjects.push(await read(2 + n));
  console.log(JSON.stringify({ heldBytes: heldBytes() - before, subjects: new Set(subjects).size, subject: subjects[0] }), excerpts.constructor.name);
`;

test("excerpts hold their lines, and not the files that these are of", async () => {
  const folder = await mkdtemp(join(tmpdir(), "regomesh-blame-"));
  try {
    const git = (...args: readonly string[]) => execFileSync("git", ["-C", folder, ...args], { encoding: "utf8" });
    git("init", "--quiet");
    await writeFile(join(folder, "large.rego"), text());
    git("add", "--all");
    git("-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "--quiet", "-m", "A large policy");
    const source = program(join(folder, ".git"), git("rev-parse", "HEAD").trim());
    const args = ["--expose-gc", "--input-type=module", "-e", source];
    const said = execFileSync(process.execPath, args, { encoding: "utf8" });
    const { heldBytes, subjects, subject } = JSON.parse(said.slice(0, said.lastIndexOf("}") + 1));
    expect({ subjects, subject }).toEqual({ subjects: 1, subject: "A large policy" });
    expect(heldBytes).toBeLessThan(2 * FILE_BYTES);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
