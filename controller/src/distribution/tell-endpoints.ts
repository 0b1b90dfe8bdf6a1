/**
 * What a listener is told of endpoints: all of its services once, then what differs. A controller that
 * has just started does not know yet who is there: until it does, it takes from a listener only what it
 * knows to be gone, so that whoever went on without it keeps every endpoint that it has.
 */
import type { EndpointsUpdate, ServiceEndpoints } from "@regomesh/protocol";
import { type EndpointRow, type EndpointScope, type EndpointTable, isEqual, placeOf } from "./endpoints.ts";

/** A listener: what it was told last, and which services it is told of. */
export type Told = {
  readonly table: EndpointTable;
  readonly scope: EndpointScope;
  /** The controller has just started: there may be more than the table has. */
  readonly isLearning?: boolean;
};

/** Says what differs between two tables; keeps what it finds between two rows, which many listeners share. */
export function makeTeller(): (told: Told | undefined, now: Told, takesDelta: boolean) => EndpointsUpdate | undefined {
  const differenceOf = ofRows(toDifference);
  const known = ofRows(toKnown);
  return (told, now, takesDelta) => {
    if (now.isLearning !== true && (told === undefined || told.isLearning === true))
      return { services: servicesIn(now).flatMap((name) => whole(rowIn(now, name))), complete: true };
    const names = told === undefined ? servicesIn(now) : changedFor(told, now);
    const services = names.flatMap((name): readonly ServiceEndpoints[] => {
      const [before, row] = [told && rowIn(told, name), rowIn(now, name)];
      if (before === row) return [];
      // That it is not to be called is known, whoever is there.
      if (row === undefined) return [{ service: name, endpoints: [], gone: [] }];
      if (now.isLearning === true) {
        const service = takesDelta ? known(before ?? NO_ROW, row) : toServiceEndpoints(row);
        return service.endpoints.length + service.gone.length === 0 ? [] : [service];
      }
      if (before?.endpoints === row.endpoints) return [];
      return before === undefined || !takesDelta ? whole(row) : [differenceOf(before, row)];
    });
    // A first word comes in any case: a proxy waits for it to be ready.
    return services.length === 0 && told !== undefined ? undefined : { services, complete: false };
  };
}

const NO_ROW: EndpointRow = { service: "", endpoints: new Map(), sources: [], silent: [], isKept: false };

function servicesIn({ table, scope }: Told): readonly string[] {
  return [...(scope ?? table.rows.keys())];
}

function rowIn({ table, scope }: Told, service: string): EndpointRow | undefined {
  return scope === undefined || scope.has(service) ? table.rows.get(service) : undefined;
}

/** Services of which a listener may have to be told something. */
function changedFor(told: Told, now: Told): readonly string[] {
  if (told.table.version === now.table.version && told.scope === now.scope) return [];
  const isNext = told.table.version === now.table.version - 1 && told.scope === now.scope;
  if (!isNext) return [...new Set([...servicesIn(told), ...servicesIn(now)])];
  const { changed } = now.table;
  const { scope } = now;
  if (scope === undefined) return [...changed];
  return scope.size < changed.size
    ? [...scope].filter((name) => changed.has(name))
    : [...changed].filter((name) => scope.has(name));
}

/** Remembers what lies between two rows, for as long as both are there. */
function ofRows<Found>(
  find: (before: EndpointRow, row: EndpointRow) => Found,
): (before: EndpointRow, row: EndpointRow) => Found {
  const found = new WeakMap<EndpointRow, WeakMap<EndpointRow, Found>>();
  return (before, row) => {
    const from = found.get(before) ?? new WeakMap<EndpointRow, Found>();
    found.set(before, from);
    const between = from.get(row) ?? find(before, row);
    from.set(row, between);
    return between;
  };
}

function whole(row: EndpointRow | undefined): readonly ServiceEndpoints[] {
  return row === undefined ? [] : [toServiceEndpoints(row)];
}

/** A row as it is told whole. */
export function toServiceEndpoints({ service, endpoints }: EndpointRow): ServiceEndpoints {
  return { service, endpoints: [...endpoints.values()], gone: [] };
}

/** Or the row itself, where that is shorter. */
function toDifference(before: EndpointRow, row: EndpointRow): ServiceEndpoints {
  const difference = differenceBetween(before, row, [...before.endpoints.keys()]);
  const isShorter = difference.endpoints.length + difference.gone.length < row.endpoints.size;
  return isShorter ? difference : toServiceEndpoints(row);
}

/** Whatever a listener has beside what is known of a row stays, but for what was told before, and what does not answer. */
function toKnown(before: EndpointRow, row: EndpointRow): ServiceEndpoints {
  const silent = row.silent.flat().map(placeOf);
  return differenceBetween(before, row, [...new Set([...before.endpoints.keys(), ...silent])]);
}

function differenceBetween(before: EndpointRow, row: EndpointRow, places: readonly string[]): ServiceEndpoints {
  const come = [...row.endpoints].filter(([place, endpoint]) => !isEqual(before.endpoints.get(place), endpoint));
  const gone = places.filter((place) => !row.endpoints.has(place));
  return { service: row.service, endpoints: come.map(([, endpoint]) => endpoint), partial: true, gone };
}
