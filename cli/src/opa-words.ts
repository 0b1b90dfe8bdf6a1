/** What opa's command line has and this one has not, and what to do instead: loaded where a word is not known. */

const COMMANDS: Readonly<Record<string, string>> = {
  bench: "opa bench times opa's own engine; npm run bench:engine in a checkout times this one beside it",
  deps: "opa deps lists what a query reads; regomesh build -f json lists the rules of a module, and the built-ins that it asks its host for",
  exec: "opa exec asks one question of many files; regomesh eval -i FILE asks it of one",
  inspect: "opa inspect reads the same directories; regomesh check tells what is in one, and what is wrong with it",
  parse: "opa parse prints OPA's tree of a file; regomesh check says whether it parses",
  run: "opa run serves policies; regomesh up runs a mesh whose proxies do, and regomesh eval asks one question",
  sign: "opa sign signs bundles; here a policy comes from a commit of a git repository, which git signs",
};

/** Of a command: names and short names of opa's flags, and the sentence that each gets. */
const FLAGS: Readonly<Record<string, readonly (readonly [words: string, instead: string])[]>> = {
  check: [["v0-v1", "regomesh fmt --v0-v1 says of each file whether both v0 and v1 read it"]],
  test: [
    [
      "c coverage coverage-runs threshold",
      "opa test measures coverage of the same files; of a request a decision names the rules that fired",
    ],
    ["explain var-values", "what made a test fail is told without a flag"],
    ["bench benchmem count", "regomesh test -f json tells how long each test took"],
    ["p parallel", "tests run one after another"],
    ["t target", "tests run as WebAssembly, as proxies run policies"],
    ["w watch", "nothing is watched; npm start runs a mesh that takes each commit"],
    ["sort", "tests are told in the order of their files"],
    ["m max-errors", "all errors are told"],
  ],
  eval: [
    ["import package", "write the whole path in the query, as data.app.allow"],
    ["e entrypoint", "write it as a query, data.app.allow for app/allow"],
    ["stdin", "the query is an argument; -I reads the input from there"],
    ["S strict", "regomesh check --strict says what it would"],
    ["show-builtin-errors", "--strict-builtin-errors ends an evaluation with the first of them"],
    ["timeout", "--fuel bounds what an evaluation may take, a unit being about a nanosecond"],
    ["t target", "it is evaluated as WebAssembly, as in proxies"],
    ["explain var-values pretty-limit", "print(…) in a rule shows its values, and regomesh explain a decision"],
    [
      "metrics instrument profile profile-limit profile-sort count",
      "opa eval measures its own engine; regomesh check warns of what is slow in this one",
    ],
    ["coverage coverage-runs", "opa eval measures coverage of the same files"],
    [
      "p partial u unknowns disable-inlining shallow-inlining nondeterminstic-builtins",
      "nothing is evaluated in part: what is known at compile time is folded without a flag",
    ],
    ["O optimize optimize-store-for-read-speed disable-early-exit disable-indexing", "it is optimized without a flag"],
  ],
  build: [
    ["O optimize prune-unused", "it is optimized, and holds what its entrypoints reach, without a flag"],
    [
      "r revision claims-file scope signing-alg signing-key signing-plugin verification-key verification-key-id exclude-files-verify",
      "a module has no revision and no signature: proxies get theirs from a commit, over mutual TLS",
    ],
    ["follow-symlinks", "links are followed without a flag"],
    [
      "partial-namespace plan-addons debug wasm-include-print",
      "regomesh writes modules, not bundles; opa build takes the same directories",
    ],
  ],
  fmt: [["capabilities", "what a file may use is asked of check, not of fmt"]],
  capabilities: [
    ["version", "commands take a version by itself, as check --capabilities v1.0.0"],
    ["file", "a file is OPA's own format already"],
    ["v0-compatible", "commands that read v0 take it"],
  ],
};

/** A sentence about a command of opa's; undefined where opa has none either. */
export function sayOpaCommand(name: string): string | undefined {
  return Object.hasOwn(COMMANDS, name) ? COMMANDS[name] : undefined;
}

/** A sentence about a flag of opa's, given as `-c` or `--coverage`. */
export function sayOpaFlag(command: string, flag: string): string | undefined {
  const word = flag.replace(/^--?/, "");
  const isShort = !flag.startsWith("--");
  if (isShort !== (word.length === 1)) return undefined;
  return FLAGS[command]?.find(([words]) => words.split(" ").includes(word))?.[1];
}

/** Each flag of opa's that has a sentence, as it is given. */
export function opaFlags(): readonly (readonly [command: string, flag: string])[] {
  return Object.entries(FLAGS).flatMap(([command, rows]) =>
    rows.flatMap(([words]) =>
      words.split(" ").map((word) => [command, word.length === 1 ? `-${word}` : `--${word}`] as const),
    ),
  );
}
