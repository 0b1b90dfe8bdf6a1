/** What the programs of conformance/bin have in common: `--help`, and wrong words told in a line, without a stack. */

/** A program of conformance/bin: `main` gives the exit code. */
export type Program = {
  /** What `--help` prints. */
  readonly USAGE: string;
  main(args: readonly string[]): Promise<number>;
};

/** Words of a command line that say nothing here. */
export class WrongUsage extends Error {}

const OK = 0;
/** EX_USAGE of sysexits.h. */
const WRONG_USAGE = 64;
const HELP: readonly string[] = ["--help", "-h"];

/** Runs a program as `name` with the words after it; gives the exit code. */
export async function run({ USAGE, main }: Program, args: readonly string[], name: string): Promise<number> {
  if (args.some((word) => HELP.includes(word))) {
    console.log(USAGE);
    return OK;
  }
  try {
    return await main(args);
  } catch (error) {
    if (!(error instanceof Error) || !isWrongUsage(error)) throw error;
    console.error(`${name}: ${error.message}\n--help says what there is.`);
    return WRONG_USAGE;
  }
}

function isWrongUsage(error: Error & { readonly code?: unknown }): boolean {
  return error instanceof WrongUsage || String(error.code).startsWith("ERR_PARSE_ARGS_");
}

/** The whole number that `option` was given, `least` or more; throws WrongUsage. */
export function countOf(text: string, option: string, least = 1): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && Number.isSafeInteger(count) && count >= least) return count;
  throw new WrongUsage(`--${option} is a whole number of ${least} or more, not ${JSON.stringify(text)}`);
}

/** The number above 0 that `option` was given; throws WrongUsage. */
export function amountOf(text: string, option: string): number {
  const amount = Number(text);
  if (text.trim() !== "" && Number.isFinite(amount) && amount > 0) return amount;
  throw new WrongUsage(`--${option} is a number above 0, not ${JSON.stringify(text)}`);
}

/** The regular expression that `option` was given; throws WrongUsage. */
export function patternOf(text: string, option: string): RegExp {
  try {
    return new RegExp(text);
  } catch (error) {
    throw new WrongUsage(`--${option} is a regular expression: ${(error as Error).message}`);
  }
}
