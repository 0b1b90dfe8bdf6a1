/** Domain names as Go takes them in certificates: laxly, since too many are wrong. */

/** Labels of printable ASCII, none empty; no text at all is a name too, and a constraint may begin with a period. */
export function isDomainName(text: string, isConstraint: boolean): boolean {
  if (text === "") return true;
  if (text.endsWith(".")) return false;
  const name = isConstraint && text.startsWith(".") ? text.slice(1) : text;
  return /^[\x21-\x2d\x2f-\x7e]+(\.[\x21-\x2d\x2f-\x7e]+)*$/.test(name);
}
