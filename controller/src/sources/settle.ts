/**
 * Which content of each source is put in force together. All that is newest is tried first: what
 * two sources change only together builds only so. Where that does not build, those whose own
 * files are at fault stay at their last good; where nobody's own is (a service that another names
 * is gone), all do, and each is tried by itself. So a fault refuses its source's commit alone.
 */
import { ROOT_SOURCE, type SourceContent } from "./source.ts";

export type Candidate = {
  readonly source: string;
  /** Undefined where it has not been read, or is to be left out. */
  readonly newest: SourceContent | undefined;
  /** What is in force of it; undefined where nothing is. */
  readonly lastGood: SourceContent | undefined;
};

/** Of a build: `plan` is absent where it is refused, `blames` are the sources whose files it names then. */
export type Attempt<Built> = { readonly built: Built; readonly isGood: boolean; readonly blames: readonly string[] };

export type Settled<Built> = {
  /** What goes in force together, and its build; undefined where not even the last goods build. */
  readonly chosen: { readonly contents: readonly SourceContent[]; readonly built: Built } | undefined;
  /** Sources whose newest is not taken, with the build that says why. */
  readonly refused: ReadonlyMap<string, Built>;
};

/** Sources that are tried once more by themselves; the rest waits for the next change. */
const TRIED_AGAIN_MAX = 32;

/** Of a content, what makes it the same. */
export function contentKey({ source, revision, path }: SourceContent): string {
  return `${source}@${revision.id}:${path}`;
}

/** Of a candidate, what makes it the same. */
export function candidateKey({ source, newest, lastGood }: Candidate): string {
  return [source, ...[newest, lastGood].map((each) => (each === undefined ? "-" : contentKey(each)))].join(" ");
}

export async function settle<Built>(
  candidates: readonly Candidate[],
  attempt: (contents: readonly SourceContent[]) => Promise<Attempt<Built>>,
  /** What is in force needs no build to be so. */
  isInForce: (contents: readonly SourceContent[]) => boolean = () => false,
): Promise<Settled<Built>> {
  const tried = new Map<string, Attempt<Built>>();
  const refused = new Map<string, Built>();
  const taken = new Set(candidates.filter(isChanged).map(({ source }) => source));
  const contentsWith = (sources: ReadonlySet<string>) =>
    candidates.flatMap(({ source, newest, lastGood }) => (sources.has(source) ? newest : lastGood) ?? []);
  const trySources = async (sources: ReadonlySet<string>): Promise<Attempt<Built> | undefined> => {
    const contents = contentsWith(sources);
    // Without the mesh's own source nobody says who the others are.
    if (!contents.some(({ source }) => source === ROOT_SOURCE) || isInForce(contents)) return undefined;
    const key = contents.map(contentKey).join(" ");
    const made = tried.get(key) ?? (await attempt(contents));
    tried.set(key, made);
    return made;
  };

  let good = await trySources(taken);
  while (good !== undefined && !good.isGood) {
    if (taken.size === 0) return { chosen: undefined, refused };
    const own = good.blames.filter((source) => taken.has(source));
    for (const source of own.length === 0 ? [...taken] : own) {
      taken.delete(source);
      refused.set(source, good.built);
    }
    good = await trySources(taken);
  }
  for (const source of [...refused.keys()].slice(0, TRIED_AGAIN_MAX)) {
    const more = new Set([...taken, source]);
    const again = await trySources(more);
    if (again === undefined) continue;
    if (!again.isGood) {
      refused.set(source, again.built);
      continue;
    }
    taken.add(source);
    refused.delete(source);
    good = again;
  }
  if (good === undefined) return { chosen: undefined, refused };
  return { chosen: { contents: contentsWith(taken), built: good.built }, refused };
}

function isChanged({ newest, lastGood }: Candidate): boolean {
  return newest !== undefined && (lastGood === undefined || contentKey(newest) !== contentKey(lastGood));
}
