/** Where two answers to one program differ, by kind. */
import { canonical } from "../rego/exact.ts";
import type { Program } from "./generate/program.ts";
import { CRASH, type OpaAnswer, type OpaFailure, type OpaResponse } from "./opa.ts";

/** OPA gives up on itself: an unsafe variable behind its own rewriting, mostly under `with`. No answer to compare. */
const INTERNAL = "eval_internal_error";

export type Difference = {
  readonly kind: "verdict" | "errors" | "fault" | "value" | "format";
  readonly entrypoint?: string;
  readonly input?: string | undefined;
  readonly opa: string;
  readonly ours: string;
};

export function differences(program: Program, opa: OpaResponse, ours: OpaResponse): readonly Difference[] {
  if (opa.errors !== undefined || ours.errors !== undefined) return compareErrors(program, opa.errors, ours.errors);
  if (opa.formatted !== undefined) return compareTexts(opa.formatted, ours.formatted ?? {});
  return program.inputs.flatMap((input, i) =>
    program.entrypoints.flatMap((entrypoint, j): readonly Difference[] => {
      const [theirs, own] = [opa.answers?.[i]?.[j] ?? {}, ours.answers?.[i]?.[j] ?? {}];
      const [a, b] = [print(theirs), print(own)];
      if (a === b || theirs.error?.code === INTERNAL) return [];
      const kind = theirs.error !== undefined || own.error !== undefined ? "fault" : "value";
      return [{ kind, entrypoint, input, opa: a, ours: b }];
    }),
  );
}

/** The first line of each module that fmt writes in another way. */
function compareTexts(opa: NonNullable<OpaResponse["formatted"]>, ours: typeof opa): readonly Difference[] {
  return Object.entries(opa).flatMap(([name, text]): readonly Difference[] => {
    const [theirs, own] = [withWildcards(text).split("\n"), withWildcards(ours[name] ?? "").split("\n")];
    const at = theirs.findIndex((line, i) => line !== own[i]);
    const row = at < 0 && own.length > theirs.length ? theirs.length : at;
    if (row < 0) return [];
    const show = (lines: readonly string[]): string => JSON.stringify(lines.slice(row, row + 3).join("\n"));
    return [{ kind: "format", entrypoint: `${name}:${row + 1}`, opa: show(theirs), ours: show(own) }];
  });
}

/** OPA writes a wildcard inside an argument's pattern by the name that its parser gives it: `f([x, _0])`. */
function withWildcards(text: string): string {
  return text.replace(/\b_\d+\b/g, "_");
}

/** An error is its code: where an evaluation is in conflict, which rule is met first is nobody's promise. */
function print({ value, error }: OpaAnswer): string {
  if (error !== undefined) return `error ${error.code}`;
  return value === undefined ? "undefined" : canonical(value);
}

/** Who accepts and who does not; where neither does, the codes and rows. */
function compareErrors(
  program: Program,
  opa: readonly OpaFailure[] = [],
  ours: readonly OpaFailure[] = [],
): readonly Difference[] {
  if (opa.some(({ code }) => code === CRASH)) return [];
  if (ours.some(({ code }) => code === "entrypoint_missing")) return []; // the question's fault: a reduced program lost the rule
  if ((opa.length === 0) !== (ours.length === 0)) return [{ kind: "verdict", opa: full(opa), ours: full(ours) }];
  const own = firstOfModules(ours).map((failure) => asOpaPlaces(program, failure, opa));
  const [a, b] = [placesOf(firstOfModules(opa)), placesOf(own)];
  return a === b ? [] : [{ kind: "errors", opa: full(opa), ours: full(ours) }];
}

/** Where a module cannot be parsed OPA reads no further; ours goes on with the next rule. */
function firstOfModules(errors: readonly OpaFailure[]): readonly OpaFailure[] {
  const parsed = errors.filter(({ code }) => code === "rego_parse_error");
  const first = new Map<string | undefined, OpaFailure>();
  for (const error of parsed) {
    const before = first.get(error.file);
    if (before === undefined || (error.row ?? 0) < (before.row ?? 0)) first.set(error.file, error);
  }
  return parsed.length === 0 ? errors : [...first.values()];
}

function placesOf(errors: readonly OpaFailure[]): string {
  return [...new Set(errors.map(({ code, file, row }) => `${file}:${row}: ${code}`))].sort().join("\n");
}

/**
 * OPA names no place for what is wrong in a template string, and the first row of an expression for a variable
 * that stands on a further row of it: ours say where.
 */
function asOpaPlaces(program: Program, ours: OpaFailure, opa: readonly OpaFailure[]): OpaFailure {
  const alike = opa.filter(({ code }) => code === ours.code);
  if (alike.some(({ file, row }) => file === ours.file && row === ours.row)) return ours;
  const [, variable] = /^var (\S+) is unsafe/.exec(ours.message) ?? [];
  const isFurtherRow = ({ file, row = 0, message }: OpaFailure): boolean =>
    variable !== undefined &&
    file === ours.file &&
    row < (ours.row ?? 0) &&
    message === `var ${variable} is unsafe` &&
    (!lineOf(program, file, row).includes(variable) || goesOn(program, file, ours.row ?? 0));
  const found = alike.find(({ file }) => file === undefined) ?? alike.find(isFurtherRow);
  if (found === undefined) return ours;
  const { code, message } = ours;
  return {
    ...{ code, message },
    ...(found.file === undefined ? {} : { file: found.file }),
    ...(found.row === undefined ? {} : { row: found.row }),
  };
}

/** A line that goes on with the expression before it: a number's sign is a minus there, or a raw string ends. */
function goesOn(program: Program, file: string | undefined, row: number): boolean {
  const text = program.modules.find(({ name }) => name === file)?.text ?? "";
  const before = text
    .split("\n")
    .slice(0, row - 1)
    .join("\n");
  return /^\s*-/.test(lineOf(program, file, row)) || before.split("`").length % 2 === 0;
}

function lineOf({ modules }: Program, file: string | undefined, row: number): string {
  return modules.find(({ name }) => name === file)?.text.split("\n")[row - 1] ?? "";
}

function full(errors: readonly OpaFailure[]): string {
  if (errors.length === 0) return "accepted";
  return errors.map(({ code, file, row, message }) => `${file}:${row}: ${code}: ${message}`).join("\n");
}
