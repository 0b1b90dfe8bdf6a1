/** Sources as status tells of them. */
import type { PinBody } from "../../api/releases.ts";
import type { SourceStateBody } from "../../api/sources.ts";
import type { Release } from "../../distribution/release.ts";
import { printFollowed } from "../../git/followed.ts";
import type { SourceRights } from "../../index/rights.ts";
import { inputsOf, newestOf, toInput } from "../../sources/inputs.ts";
import type { Composer } from "../release/composer.ts";
import type { Pin } from "../store/kept-pin.ts";
import type { OperatedSource } from "./operated-source.ts";
import type { Sources } from "./sources.ts";

export function listSources(
  sources: Sources | undefined,
  composer: Composer,
  release: Release | undefined,
  options: { readonly sources?: readonly { readonly name: string; readonly allow: SourceRights }[] },
): readonly SourceStateBody[] {
  return (sources?.all ?? []).map((source) => {
    const { name } = source;
    const named = options.sources?.find((each) => each.name === name)?.allow.flatMap(({ namespaces }) => namespaces);
    const planned = release?.plan.sources?.find((each) => each.name === name)?.namespaces;
    const isSuspendedHere = sources?.isSuspendedHere(name) === true;
    return toBody(source, composer, release, { namespaces: named ?? planned ?? [], isSuspendedHere });
  });
}

function toBody(
  { name, label, place, troubles, isSuspended }: OperatedSource,
  composer: Composer,
  release: Release | undefined,
  { namespaces, isSuspendedHere }: { readonly namespaces: readonly string[]; readonly isSuspendedHere: boolean },
): SourceStateBody {
  const inForce = release && inputsOf(release).find(({ source }) => source === name);
  const read = composer.newest(name);
  const newest = read === undefined || read.revision.id === inForce?.id ? undefined : toInput(read);
  const refused = composer.refused.find(({ source }) => source === name);
  return {
    name,
    label,
    url: place.cluster ?? place.remote?.remote.url ?? place.directory ?? "",
    follows: place.cluster === undefined ? printFollowed(place.follow) : "every object",
    path: place.path,
    namespaces: [...new Set(namespaces)],
    keys: place.remote?.verify?.keys.length ?? 0,
    ...(isSuspended ? { suspended: isSuspendedHere ? ("operator" as const) : ("resource" as const) } : {}),
    ...(inForce === undefined ? {} : { inForce }),
    ...(newest === undefined ? {} : { newest }),
    ...(refused === undefined ? {} : { refused }),
    ...(composer.resources === undefined
      ? {}
      : { resources: Object.hasOwn(composer.resources, name) ? (composer.resources[name] ?? 0) : 0 }),
    troubles,
  };
}

export function toPinBody(pin: Pin | undefined): PinBody | undefined {
  if (pin === undefined) return undefined;
  return { revision: pin.revision, subject: newestOf(pin.inputs)?.subject ?? "", sinceMs: pin.atMs };
}
