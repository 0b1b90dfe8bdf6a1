/** What a query answered, in the shape and the formats of `opa eval`. */
import { printGoJson } from "@regomesh/policy-runtime/node";
import { CAPTURED, type CapturedExpression } from "./capture.ts";

export type Result = {
  readonly expressions: readonly {
    readonly value: unknown;
    readonly text: string;
    readonly location: { readonly row: number; readonly col: number };
  }[];
  /** Absent where the query names no variable. */
  readonly bindings?: Readonly<Record<string, unknown>>;
};

export const EVAL_FORMATS = ["pretty", "json", "raw", "values", "bindings"] as const;
export type EvalFormat = (typeof EVAL_FORMATS)[number];

/** `answers` are the variables of each answer, those of captured expressions among them. */
export function toResults(
  answers: readonly Readonly<Record<string, unknown>>[],
  expressions: readonly CapturedExpression[],
): readonly Result[] {
  return answers.map((answer) => {
    const bindings = Object.entries(answer).filter(([name]) => !name.startsWith(CAPTURED));
    return {
      expressions: expressions.map(({ text, row, column, variable }) => ({
        value: variable === undefined ? true : answer[variable],
        text,
        location: { row, col: column },
      })),
      ...(bindings.length === 0 ? {} : { bindings: Object.fromEntries(bindings) }),
    };
  });
}

const VALUE = { indent: "  " } as const;
const RESULTS = { ...VALUE, valuesAt: new Set(["value", "bindings"]) };

/** Text for standard output, "" where nothing is said. */
export function printResults(results: readonly Result[], format: EvalFormat): string {
  const each = (print: (result: Result) => string) => results.map((result) => `${print(result)}\n`).join("");
  switch (format) {
    case "json":
      return `${printGoJson(results.length === 0 ? {} : { result: results }, RESULTS)}\n`;
    case "raw":
      return each(({ expressions }) => expressions.map(({ value }) => rawText(value)).join(" "));
    case "values":
      return each(({ expressions }) =>
        printGoJson(
          expressions.map(({ value }) => value),
          VALUE,
        ),
      );
    case "bindings":
      return each(({ bindings = {} }) => printGoJson(bindings, VALUE));
    case "pretty":
      return printPretty(results);
  }
}

function rawText(value: unknown): string {
  return typeof value === "string" ? value : printGoJson(value);
}

function printPretty(results: readonly Result[]): string {
  const [first] = results;
  if (first === undefined) return "undefined\n";
  const [only, ...more] = first.expressions;
  if (results.length === 1 && first.bindings === undefined && more.length === 0)
    return `${printGoJson(only?.value, { indent: "  ", escapes: false })}\n`;
  return printBoxes(columnsOf(first), results);
}

type Cells = { readonly name: string; readonly of: (result: Result) => unknown };

/** Expressions, then variables by name; beside variables an expression that is true or false says nothing. */
function columnsOf({ expressions, bindings }: Result): readonly Cells[] {
  const ofExpressions = expressions.flatMap(({ text, value }, at): readonly Cells[] =>
    bindings !== undefined && typeof value === "boolean"
      ? []
      : [{ name: text, of: (result) => result.expressions[at]?.value }],
  );
  const names = Object.keys(bindings ?? {}).sort();
  return [...ofExpressions, ...names.map((name): Cells => ({ name, of: (result) => result.bindings?.[name] }))];
}

/** Letters of a cell. */
const CELL_MAX = 80;

function printBoxes(columns: readonly Cells[], results: readonly Result[]): string {
  const rows = results.map((result) => columns.map(({ of }) => cut(printGoJson(of(result), { escapes: false }))));
  const widths = columns.map(({ name }, at) =>
    Math.max(lengthOf(name), ...rows.map((cells) => lengthOf(cells[at] ?? ""))),
  );
  const line = (left: string, middle: string, right: string) =>
    `${left}${widths.map((width) => "─".repeat(width + 2)).join(middle)}${right}`;
  const row = (cells: readonly string[]) => `│${cells.map((cell) => ` ${cell} `).join("│")}│`;
  const head = columns.map(({ name }, at) => {
    const blank = (widths[at] ?? 0) - lengthOf(name);
    return " ".repeat(blank >> 1) + name + " ".repeat(blank - (blank >> 1));
  });
  const padded = rows.map((cells) => cells.map((cell, at) => cell + " ".repeat((widths[at] ?? 0) - lengthOf(cell))));
  return `${[line("┌", "┬", "┐"), row(head), line("├", "┼", "┤"), ...padded.map(row), line("└", "┴", "┘")].join("\n")}\n`;
}

function lengthOf(text: string): number {
  return [...text].length;
}

function cut(text: string): string {
  return lengthOf(text) <= CELL_MAX ? text : `${[...text].slice(0, CELL_MAX).join("")}...`;
}
