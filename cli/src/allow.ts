/** `--allow PATH=NAMESPACE[,…]`: which paths of a source may speak for which namespaces. */
import { parseRight, type SourceRights } from "@regomesh/controller";
import { UsageError } from "./command.ts";

export const ALLOW_HELP = `
  --allow PATH=NAMESPACE[,…]  what lies below PATH of the source may speak for these namespaces
                              ("*" is all); may be repeated, the most specific path decides.
                              Without it every path may speak for every namespace`;

export const SOURCE_ALLOW_HELP = `
                              SOURCE:PATH=NAMESPACE is of a --source, which needs it: without
                              one it may speak for none`;

export const allowFlag = { allow: { type: "string", multiple: true } } as const;

/** With what `SOURCE:PATH=…` gives to sources, by name; of the names that there are. */
export function parseAllows(
  texts: readonly string[] = [],
  sources: readonly string[] = [],
): { readonly root: SourceRights; readonly others: ReadonlyMap<string, SourceRights> } {
  const ofSource = (text: string, name: string) => text.startsWith(`${name}:`);
  const others = sources.map((name) => {
    const own = texts.filter((text) => ofSource(text, name)).map((text) => text.slice(name.length + 1));
    return [name, parseAllow(own)] as const;
  });
  return {
    root: parseAllow(texts.filter((text) => !sources.some((name) => ofSource(text, name)))),
    others: new Map(others),
  };
}

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
