/** Units among files, by the names of these alone. */

export const isModule = (name: string): boolean => name.endsWith(".rego");
/** `data.json`, `data.yaml` and `data.yml`, as in OPA's bundles. */
export const isData = (name: string): boolean => /(^|\/)data\.(json|ya?ml)$/.test(name);
/** Says which language the modules of a unit are written in. */
export const isManifest = (name: string): boolean => /(^|\/)\.manifest$/.test(name);

/** A unit is made of such files, of data and manifests where there is one. */
export const isNamedAsUnits = (name: string): boolean => isModule(name) || isData(name) || isManifest(name);

/** Whether a unit among the files is made of one of them, too. */
export function unitFileFinder(names: readonly string[]): (name: string) => boolean {
  const unitOf = unitFinder(names);
  return (name) => isNamedAsUnits(name) && unitOf(name) !== undefined;
}

/**
 * The directory that is a file's unit: the outermost one at or above it that holds Rego, or a manifest above some; "" where
 * that is the files' root, undefined where there is none.
 */
export function unitFinder(names: readonly string[]): (name: string) => string | undefined {
  const holders = new Set(names.filter(isModule).map(directoryOf));
  const around = new Set<string>();
  for (const holder of holders) {
    for (let at = holder; !around.has(at); at = directoryOf(at)) around.add(at);
  }
  for (const name of names) if (isManifest(name) && around.has(directoryOf(name))) holders.add(directoryOf(name));
  return (name) => {
    let unit: string | undefined;
    for (let at = directoryOf(name); ; at = directoryOf(at)) {
      if (holders.has(at)) unit = at;
      if (at === "") return unit;
    }
  };
}

function directoryOf(name: string): string {
  return name.slice(0, Math.max(0, name.lastIndexOf("/")));
}
