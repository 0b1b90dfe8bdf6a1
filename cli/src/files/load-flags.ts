/** Which files a command reads, in opa's words. */
import { UsageError } from "../command.ts";

export const ignoreFlag = { ignore: { type: "string", multiple: true } } as const;
export const loadFlags = { bundle: { type: "boolean", short: "b" }, ...ignoreFlag } as const;

export const IGNORE_HELP = `
  --ignore GLOB        pass over files and directories of that name below the PATHs, such as
                       '*.json' or testdata (repeatable, or with commas)`;

export const BUNDLE_HELP = `
  -b, --bundle         each PATH is a bundle's root: of its data files those named data.json,
                       data.yaml and data.yml are read; its .manifest's roots hold`;

/**
 * Whether a name matches one of the globs of `--ignore`, undefined where there are none: `*` and `?` of any characters,
 * `[a-z]`, `[^a-z]`, and a backslash before what stands for itself, as in Go's path.Match. Throws UsageError.
 */
export function parseIgnore(globs: readonly string[] = []): ((name: string) => boolean) | undefined {
  const patterns = globs.flatMap((each) => each.split(",")).map(toPattern);
  return patterns.length === 0 ? undefined : (name) => patterns.some((pattern) => pattern.test(name));
}

const PARTS = /\\(.)|(\*+)|(\?)|\[(\^?)((?:\\.|[^\]\\])+)\]|([^[\\])/gsuy;

function toPattern(glob: string): RegExp {
  let text = "";
  let end = 0;
  for (const [whole, escaped, any, one, not, range, plain] of glob.matchAll(PARTS)) {
    end += whole.length;
    if (any !== undefined) text += ".*";
    else if (one !== undefined) text += ".";
    else if (range !== undefined) text += `[${not}${toRange(range)}]`;
    else text += literally(escaped ?? plain ?? "");
  }
  try {
    if (end === glob.length && end > 0) return new RegExp(`^${text}$`, "su");
  } catch {
    // A range that runs backwards, as [z-a].
  }
  throw new UsageError(`--ignore ${glob}: no pattern of file names, such as '*.json'`);
}

function toRange(range: string): string {
  return range.replace(/(\\?)(.)/gsu, (_, backslash: string, each: string) =>
    each === "-" ? `${backslash}-` : literally(each),
  );
}

function literally(text: string): string {
  return text.replace(/[\^$\\.*+?()[\]{}|/]/gu, "\\$&");
}
