/** Scripts for shells, made from the table of commands: they need no process of ours at each key. */
import type { Command } from "./command.ts";

export const SHELLS = ["bash", "zsh", "fish"] as const;
export type Shell = (typeof SHELLS)[number];

/** Flags that take one of a few words; every other one that takes a value takes a file's name, or anything. */
const VALUES: Readonly<Record<string, readonly string[]>> = {
  color: ["auto", "always", "never"],
  view: ["wide", "yaml", "json"],
  "fail-on": ["error", "warning"],
  role: ["inbound", "outbound", "edge", "cli", "controller"],
  verdict: ["allowed", "denied", "limited", "broken", "refused", "differs"],
};

type Row = Pick<Command, "name" | "summary" | "flags">;

export function printCompletion(shell: Shell, commands: readonly Row[]): string {
  switch (shell) {
    case "bash":
      return printBash(commands);
    case "zsh":
      return printZsh(commands);
    case "fish":
      return printFish(commands);
  }
}

/** `--name` and `-n`; of the view only `-o`, as help has it. */
function wordsOf({ flags }: Row): readonly string[] {
  return [
    ...Object.entries(flags).flatMap(([name, { short }]) => [
      ...(name === "view" ? [] : [`--${name}`]),
      ...(short === undefined ? [] : [`-${short}`]),
    ]),
    "--help",
  ];
}

function valueCases(row: Row): readonly (readonly [pattern: string, words: string])[] {
  return Object.entries(row.flags).flatMap(([name, { short, type }]) => {
    const words = VALUES[name];
    if (words === undefined || type === "boolean") return [];
    return [[[`--${name}`, ...(short === undefined ? [] : [`-${short}`])].join("|"), words.join(" ")] as const];
  });
}

function printBash(commands: readonly Row[]): string {
  const cases = commands.map((row) => `    ${row.name}) words="${wordsOf(row).join(" ")}" ;;`);
  const values = commands.flatMap((row) =>
    valueCases(row).flatMap(([pattern, words]) =>
      pattern
        .split("|")
        .map((flag) => `    "${row.name} ${flag}") COMPREPLY=($(compgen -W "${words}" -- "$current")); return ;;`),
    ),
  );
  return `# bash completion of regomesh: source <(regomesh completion bash)
_regomesh() {
  local current="\${COMP_WORDS[COMP_CWORD]}" before="\${COMP_WORDS[COMP_CWORD-1]}" command="\${COMP_WORDS[1]}" words=""
  if [ "$COMP_CWORD" -eq 1 ]; then
    COMPREPLY=($(compgen -W "${commands.map(({ name }) => name).join(" ")} help" -- "$current"))
    return
  fi
  case "$command $before" in
${values.join("\n")}
  esac
  case "$command" in
${cases.join("\n")}
    help) words="${commands.map(({ name }) => name).join(" ")}" ;;
  esac
  case "$current" in
    -*) COMPREPLY=($(compgen -W "$words" -- "$current")) ;;
    *) [ "$command" = help ] && COMPREPLY=($(compgen -W "$words" -- "$current")) || COMPREPLY=($(compgen -f -- "$current")) ;;
  esac
}
complete -o filenames -F _regomesh regomesh
`;
}

function printZsh(commands: readonly Row[]): string {
  const names = commands.map(({ name, summary }) => `    '${name}:${quote(summary)}'`);
  const cases = commands.map((row) => {
    const flags = wordsOf(row).join(" ");
    const values = valueCases(row).map(([pattern, words]) => `      ${pattern}) compadd -- ${words}; return ;;`);
    const inner = values.length === 0 ? "" : `\n      case $words[CURRENT-1] in\n${values.join("\n")}\n      esac`;
    return `    ${row.name})${inner}
      [[ $words[CURRENT] == -* ]] && compadd -- ${flags} || _files ;;`;
  });
  return `#compdef regomesh
# zsh completion of regomesh: source <(regomesh completion zsh)
_regomesh() {
  local -a commands=(
${names.join("\n")}
  )
  if (( CURRENT == 2 )); then _describe command commands; return; fi
  case $words[2] in
${cases.join("\n")}
  esac
}
compdef _regomesh regomesh
`;
}

function printFish(commands: readonly Row[]): string {
  const lines = commands.flatMap(({ name, summary, flags }) => [
    `complete -c regomesh -n __fish_use_subcommand -f -a ${name} -d '${quote(summary)}'`,
    ...Object.entries(flags).map(([flag, { short, type }]) => {
      const long = flag === "view" ? "" : ` -l ${flag}`;
      const one = short === undefined ? "" : ` -s ${short}`;
      const words = VALUES[flag];
      const value = type === "boolean" ? "" : words === undefined ? " -r" : ` -x -a '${words.join(" ")}'`;
      return `complete -c regomesh -n '__fish_seen_subcommand_from ${name}'${long}${one}${value}`;
    }),
  ]);
  return `# fish completion of regomesh: regomesh completion fish | source\n${lines.join("\n")}\n`;
}

function quote(text: string): string {
  return text.replaceAll("'", "'\\''");
}
