/** `--allow PATH=NAMESPACE[,…]`: which paths of a source may speak for which namespaces. */
import { parseRight, type SourceRights } from "@regomesh/controller";
import { UsageError } from "./command.ts";

export const ALLOW_HELP = `
  --allow PATH=NAMESPACE[,…]  what lies below PATH of the source may speak for these namespaces
                              ("*" is all); may be repeated, the most specific path decides.
                              Without it every path may speak for every namespace`;

export const allowFlag = { allow: { type: "string", multiple: true } } as const;

export function parseAllow(texts: readonly string[] = []): SourceRights {
  const rights = texts.map((text) => {
    const right = parseRight(text);
    if (right === undefined) {
      throw new UsageError(`--allow takes PATH=NAMESPACE[,…] such as teams/shop=default, not ${text}`);
    }
    return right;
  });
  const paths = rights.map(({ path }) => path);
  const twice = paths.find((path, at) => paths.indexOf(path) !== at);
  if (twice !== undefined)
    throw new UsageError(`--allow names ${twice === "" ? "." : twice} twice; give its namespaces at once`);
  return rights;
}
