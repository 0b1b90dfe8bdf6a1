/** Terms without variables, references or calls. */
import type { Term } from "../syntax/ast.ts";

/** The term as text (JSON, and Rego's sets), undefined where it is no constant. */
export function constantText(term: Term): string | undefined {
  switch (term.kind) {
    case "null":
      return "null";
    case "boolean":
      return String(term.value);
    case "number":
      return numberText(term.text);
    case "string":
      return JSON.stringify(term.value);
    case "array":
      return joined(term.items.map(constantText), "[", "]");
    case "set":
      return term.items.length === 0 ? "set()" : joined(term.items.map(constantText), "{", "}");
    case "object":
      return joined(term.entries.map(entryText), "{", "}");
    case "var":
    case "ref":
    case "call-term":
    case "template":
    case "array-comprehension":
    case "set-comprehension":
    case "object-comprehension":
      return undefined;
  }
}

/** One text for a number, however it is written: its digits and the place of the last. */
function numberText(text: string): string {
  const [, sign = "", whole = "", fraction = "", exponent = "0"] =
    /^(-?)(\d+)(?:\.(\d+))?(?:[eE]([-+]?\d+))?$/.exec(text) ?? [];
  const digits = `${whole}${fraction}`.replace(/^0+/, "");
  const kept = digits.replace(/0+$/, "");
  if (kept === "") return "0";
  const place = Number(exponent) - fraction.length + digits.length - kept.length;
  return place >= 0 && place < 20 ? `${sign}${kept}${"0".repeat(place)}` : `${sign}${kept}e${place}`;
}

function entryText([key, value]: readonly [Term, Term]): string | undefined {
  const keyText = constantText(key);
  const valueText = constantText(value);
  return keyText === undefined || valueText === undefined ? undefined : `${keyText}:${valueText}`;
}

function joined(parts: readonly (string | undefined)[], open: string, close: string): string | undefined {
  return parts.includes(undefined) ? undefined : `${open}${parts.join(",")}${close}`;
}
