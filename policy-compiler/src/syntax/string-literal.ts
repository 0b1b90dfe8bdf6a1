/** String literals as JSON has them, control characters standing for themselves; template strings also know `\{` and, in backticks, nothing else. */
const ESCAPES: Readonly<Record<string, string>> = {
  '"': '"',
  "\\": "\\",
  "/": "/",
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
};

/** What is between the quotes, or why it cannot be. Lone surrogates become U+FFFD, as in OPA. */
export function unescapeString(text: string, isTemplate: boolean): { value: string } | { fault: string } {
  if (!text.includes("\\")) return { value: text.toWellFormed() };
  let value = "";
  for (let i = 0; i < text.length; i++) {
    const c = text[i] as string;
    if (c !== "\\") {
      value += c;
      continue;
    }
    const next = text[++i] ?? "";
    if (next === "u") {
      const hex = text.slice(i + 1, i + 5);
      if (!/^[0-9a-fA-F]{4}$/.test(hex)) return { fault: "illegal escape sequence" };
      value += String.fromCharCode(Number.parseInt(hex, 16));
      i += 4;
    } else if (isTemplate && next === "{") {
      value += "{";
    } else {
      const known = ESCAPES[next];
      if (known === undefined) return { fault: "illegal escape sequence" };
      value += known;
    }
  }
  return { value: value.toWellFormed() };
}
