/** The formats that gojsonschema knows, as lax as it is; an unknown one holds for every text. */
import { parseAddress } from "../address.ts";
import { type GoUrl, parseGoUrl } from "../url.ts";
import { isMailAddress } from "./mail-address.ts";
import { parsePattern } from "./pattern.ts";

export function isFormat(format: string, text: string): boolean {
  return FORMATS.get(format)?.(text) ?? true;
}

const ADDRESS = (letter: string) => (text: string) => text.includes(letter) && parseAddress(text) !== undefined;
const isReference = (text: string) => urlOf(text) !== undefined && !text.includes("\\");
const isUri = (text: string) => isReference(text) && urlOf(text)?.Scheme !== "";

const FORMATS: ReadonlyMap<string, (text: string) => boolean> = new Map([
  ["date", isDate],
  ["time", isTime],
  ["date-time", isMoment],
  ["hostname", isHostName],
  ["email", isMailAddress],
  ["idn-email", isMailAddress],
  ["ipv4", ADDRESS(".")],
  ["ipv6", ADDRESS(":")],
  ["uri", isUri],
  ["uri-reference", isReference],
  ["iri", isUri],
  ["iri-reference", isReference],
  ["uri-template", isTemplate],
  ["uuid", (text) => /^[a-f0-9]{8}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{4}-[a-f0-9]{12}$/i.test(text)],
  ["regex", (text) => parsePattern(text) !== undefined],
  ["json-pointer", (text) => /^(?:\/(?:[^~/]|~0|~1)*)*$/.test(text)],
  ["relative-json-pointer", (text) => /^(?:0|[1-9][0-9]*)(?:#|(?:\/(?:[^~/]|~0|~1)*)*)$/.test(text)],
]);

function urlOf(text: string): GoUrl | undefined {
  try {
    return parseGoUrl(text);
  } catch {
    return undefined;
  }
}

/** Only the braces of the path are looked at: each that opens must close. */
function isTemplate(text: string): boolean {
  const url = urlOf(text);
  if (url === undefined || text.includes("\\")) return false;
  for (let at = url.Path.indexOf("{"); at >= 0; at = url.Path.indexOf("{", at)) {
    at = url.Path.indexOf("}", at);
    if (at < 0) return false;
  }
  return true;
}

function isHostName(text: string): boolean {
  if (text.length >= 256) return false;
  return text.split(".").every((label) => /^[a-zA-Z0-9]([a-zA-Z0-9-]{0,61}[a-zA-Z0-9])?$/.test(label));
}

function isDate(text: string): boolean {
  const found = /^(\d{4})-(\d\d)-(\d\d)$/.exec(text);
  if (found === null) return false;
  const [year, month, day] = found.slice(1).map(Number) as [number, number, number];
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  return date.getUTCMonth() === month - 1 && date.getUTCDate() === day;
}

/** With or without an offset. */
function isTime(text: string): boolean {
  const found = /^(\d{1,2}):(\d\d):(\d\d)(?:[.,]\d+)?(Z|[+-](\d\d):(\d\d))?$/.exec(text);
  if (found === null) return false;
  const [hour, minute, second] = found.slice(1, 4).map(Number) as [number, number, number];
  const [hours, minutes] = [Number(found[5] ?? 0), Number(found[6] ?? 0)];
  return hour < 24 && minute < 60 && second < 60 && hours <= 24 && minutes <= 60;
}

/** RFC 3339, and what Go's library lets pass for it: a date or a time alone. */
function isMoment(text: string): boolean {
  const at = text.indexOf("T");
  if (at < 0) return isDate(text) || isTime(text);
  return (
    isDate(text.slice(0, at)) && /[Z\d]$/.test(text) && /Z|[+-]/.test(text.slice(at)) && isTime(text.slice(at + 1))
  );
}
