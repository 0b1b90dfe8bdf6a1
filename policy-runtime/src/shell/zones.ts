/**
 * Time zones: offsets from the runtime's own data (Intl), and abbreviations from the tz
 * database's (zone-names.json), since Intl knows them only in the languages that use them.
 * The table has, by zone and offset in seconds, what the zone is called, or `name, from when
 * (seconds since 1970), the next name …`; "" is a name that is the offset itself.
 * Intl takes zones for one that have been alike since 1970. Those that the tz database keeps apart in its file
 * `backzone`, which Go's copy has, are in zone-pasts.json as far as they were other: `until when, offset, name, …`.
 */

import table from "./zone-names.json" with { type: "json" };
import pasts from "./zone-pasts.json" with { type: "json" };

export type ZoneFacts = readonly [offsetSeconds: number, abbreviation: string];

/** Formatters are dear to make; a mesh names few zones. */
const FORMATTERS_MAX = 64;
const formatters = new Map<string, Intl.DateTimeFormat>();
const DATE_SECONDS_MAX = 8_640_000_000_000;

/** Zones of the tz database that are offsets and nothing else; Intl takes them for places with a past. */
const FIXED: ReadonlyMap<string, ZoneFacts> = new Map([
  ["EST", [-18_000, "EST"]],
  ["MST", [-25_200, "MST"]],
  ["HST", [-36_000, "HST"]],
  ["Factory", [0, "-00"]],
]);

/** How the zone stood at the moment; undefined for a name that is none. */
export function zoneFacts(name: string, seconds: number): ZoneFacts | undefined {
  const known = FIXED.get(name) ?? pastFacts(name, seconds);
  if (known !== undefined) return known;
  const formatter = formatterOf(name);
  if (formatter === undefined || Math.abs(seconds) > DATE_SECONDS_MAX) return undefined;
  const parts = new Map(formatter.formatToParts(seconds * 1000).map(({ type, value }) => [type, value]));
  const part = (type: Intl.DateTimeFormatPartTypes) => Number(parts.get(type));
  const year = parts.get("era") === "BC" ? 1 - part("year") : part("year");
  const local = new Date(0);
  local.setUTCFullYear(year, part("month") - 1, part("day"));
  local.setUTCHours(part("hour"), part("minute"), part("second"));
  const offset = local.getTime() / 1000 - Math.floor(seconds);
  const abbreviation = abbreviationOf(name, seconds, offset);
  // The same zone as CET under another name: Intl takes it for the place that CET is a link to.
  return [offset, name === "MET" ? abbreviation.replace(/^CE/, "ME") : abbreviation];
}

const PASTS = new Map(pasts.flatMap(({ zones, past }) => zones.map((zone) => [zone, past] as const)));

/** How the zone stood where Intl does not know it; undefined for what Intl knows. */
function pastFacts(name: string, seconds: number): ZoneFacts | undefined {
  const past = PASTS.get(name) ?? [];
  for (let i = 0; i < past.length; i += 3) {
    if (seconds < (past[i] as number)) return [past[i + 1] as number, past[i + 2] as string];
  }
  return undefined;
}

function formatterOf(name: string): Intl.DateTimeFormat | undefined {
  const known = formatters.get(name);
  if (known !== undefined) return known;
  // Go knows names of the tz database only, by their exact case: neither offsets nor "utc".
  if (!/^[A-Z][A-Za-z0-9_+-]*(\/[A-Z][A-Za-z0-9_+-]*)*$/.test(name)) return undefined;
  try {
    const made = new Intl.DateTimeFormat("en-US", {
      timeZone: name,
      calendar: "gregory",
      hourCycle: "h23",
      era: "short",
      year: "numeric",
      month: "numeric",
      day: "numeric",
      hour: "numeric",
      minute: "numeric",
      second: "numeric",
    });
    if (formatters.size >= FORMATTERS_MAX) formatters.clear();
    formatters.set(name, made);
    return made;
  } catch {
    return undefined;
  }
}

type Names = { readonly [offset: string]: string | readonly (string | number)[] };
const NAMES = new Map(
  (table as readonly { zones: readonly string[]; names: Names }[]).flatMap(({ zones, names }) =>
    zones.map((zone) => [zone, names] as const),
  ),
);

function abbreviationOf(zone: string, seconds: number, offset: number): string {
  const name = nameAt(NAMES.get(zone)?.[offset] ?? "", seconds);
  if (name !== "") return name;
  const minutes = Math.floor(Math.abs(offset) / 60);
  const two = (n: number) => String(n).padStart(2, "0");
  const rest = minutes % 60 === 0 ? "" : two(minutes % 60);
  return `${offset < 0 ? "-" : "+"}${two(Math.floor(minutes / 60))}${rest}`;
}

function nameAt(names: string | readonly (string | number)[], seconds: number): string {
  if (typeof names === "string") return names;
  let name = names[0] as string;
  for (let i = 1; i + 1 < names.length && seconds >= (names[i] as number); i += 2) name = names[i + 1] as string;
  return name;
}
