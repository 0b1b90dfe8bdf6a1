/**
 * What `with` changes about the names of a policy, while input and data themselves are
 * locals of the site: virtual documents hidden behind replaced data, and functions that
 * are replaced. A function is planned once for each environment it is reached in.
 */
export type Environment = {
  /** Distinguishes the functions' names: `g0.` is the policy as written. */
  readonly generation: number;
  /** Data paths that `with` replaced: at and below them there are no rules. */
  readonly hidden: readonly DataPath[];
  /** Replaced functions by name; built-ins by theirs, own ones by `data.` path. */
  readonly mocks: ReadonlyMap<string, Mock>;
};

export type DataPath = readonly string[];

export type Mock =
  /** A built-in or function, by the name that calls use. */
  | { readonly kind: "callable"; readonly name: string }
  /** The value is known to the caller, who passes it along as a further parameter. */
  | { readonly kind: "value" };

export const AS_WRITTEN: Environment = { generation: 0, hidden: [], mocks: new Map() };

/** The generations met so far, by what they change. */
export type Generations = Map<string, Environment>;

export function makeGenerations(): Generations {
  return new Map([[keyOf([], new Map()), AS_WRITTEN]]);
}

/** The environment of these changes: the same changes give the same generation. */
export function resolveEnvironment(
  generations: Generations,
  hidden: readonly DataPath[],
  mocks: ReadonlyMap<string, Mock>,
): Environment {
  const texts = new Map(hidden.map((path) => [JSON.stringify(path), path]));
  const sorted = [...texts].filter(([, path]) => !hasPrefixIn(texts, path)).sort(byKey);
  const named = new Map([...mocks].sort(byKey));
  const paths = sorted.map(([, path]) => path);
  const key = keyOf(paths, named);
  const known = generations.get(key);
  if (known !== undefined) return known;
  const made: Environment = { generation: generations.size, hidden: paths, mocks: named };
  generations.set(key, made);
  return made;
}

/** Names of the replaced functions whose values travel as parameters, in the parameters' order. */
export function passedValues(environment: Environment): readonly string[] {
  return [...environment.mocks].flatMap(([name, mock]) => (mock.kind === "value" ? [name] : []));
}

export function isHidden(environment: Environment, path: DataPath): boolean {
  const { hidden } = environment;
  return hidden.length > 0 && hidden.some((each) => isPrefix(each, path));
}

function isPrefix(prefix: DataPath, path: DataPath): boolean {
  return prefix.length <= path.length && prefix.every((part, i) => part === path[i]);
}

/** Whether one of the paths, by their texts, lies above this one. */
function hasPrefixIn(texts: ReadonlyMap<string, DataPath>, path: DataPath): boolean {
  return path.some((_, length) => texts.has(JSON.stringify(path.slice(0, length))));
}

function keyOf(hidden: readonly DataPath[], mocks: ReadonlyMap<string, Mock>): string {
  return JSON.stringify([hidden, [...mocks]]);
}

function byKey(a: readonly [string, unknown], b: readonly [string, unknown]): number {
  return a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : 0;
}
