/** Times in certificates: UTCTime and GeneralizedTime, as strictly as Go takes them. */
import { DerError, type DerReader, TAG } from "./der.ts";

export type CertificateTime = {
  readonly ms: number;
  /** RFC 3339, as Go prints a time. */
  readonly text: string;
};

export function readTime(der: DerReader): CertificateTime {
  if (der.isNext(TAG.utcTime)) {
    const what = "x509: malformed UTCTime";
    const text = der.read(TAG.utcTime, what).bytes.toString("latin1");
    const found = /^(\d\d)(\d{8})(\d\d)?(Z|[+-]\d{4})$/.exec(text);
    if (found === null) throw new DerError(what);
    const [, year, rest, seconds = "00", zone] = found as unknown as readonly string[];
    return toTime(Number(year) + (Number(year) >= 50 ? 1900 : 2000), `${rest}${seconds}`, zone as string, what);
  }
  if (!der.isNext(TAG.generalizedTime)) throw new DerError("x509: unsupported time format");
  const what = "x509: malformed GeneralizedTime";
  const text = der.read(TAG.generalizedTime, what).bytes.toString("latin1");
  const found = /^(\d{4})(\d{10})(Z|[+-]\d{4})$/.exec(text);
  if (found === null) throw new DerError(what);
  const [, year, rest, zone] = found as unknown as readonly [string, string, string, string];
  return toTime(Number(year), rest, zone, what);
}

function toTime(year: number, digits: string, zone: string, what: string): CertificateTime {
  const [month, day, hour, minute, second] = (digits.match(/../g) as string[]).map(Number) as [
    number,
    number,
    number,
    number,
    number,
  ];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  date.setUTCHours(hour, minute, second);
  const isReal =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  if (!isReal) throw new DerError(what);
  const two = (n: number) => String(n).padStart(2, "0");
  const local = `${String(year).padStart(4, "0")}-${two(month)}-${two(day)}T${two(hour)}:${two(minute)}:${two(second)}`;
  if (zone === "Z") return { ms: date.getTime(), text: `${local}Z` };
  const hours = Number(zone.slice(1, 3));
  const minutes = Number(zone.slice(3));
  if (hours > 24 || minutes >= 60 || (hours === 0 && minutes === 0)) throw new DerError(what);
  const east = (hours * 60 + minutes) * (zone.startsWith("-") ? -1 : 1);
  return { ms: date.getTime() - east * 60_000, text: `${local}${zone.slice(0, 3)}:${zone.slice(3)}` };
}
