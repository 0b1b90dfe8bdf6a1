/** Patterns as Go's regexp takes them: RE2, matched in linear time whatever the text. */
import { RE2JS } from "re2js";

export type Pattern = { readonly text: string; readonly matches: (text: string) => boolean };

/** Undefined for what Go refuses. */
export function parsePattern(text: string): Pattern | undefined {
  try {
    const compiled = RE2JS.compile(withShortClasses(text));
    return { text, matches: (other) => compiled.matcher(other).find() };
  } catch {
    return undefined;
  }
}

/** Long names of Unicode's general categories, in lower case without what stands between their words. */
const CATEGORIES: Readonly<Record<string, string>> = {
  ...{ casedletter: "LC", closepunctuation: "Pe", combiningmark: "M", connectorpunctuation: "Pc", control: "Cc" },
  ...{ currencysymbol: "Sc", dashpunctuation: "Pd", decimalnumber: "Nd", enclosingmark: "Me" },
  ...{ finalpunctuation: "Pf", format: "Cf", initialpunctuation: "Pi", letter: "L", letternumber: "Nl" },
  ...{ lineseparator: "Zl", lowercaseletter: "Ll", mark: "M", mathsymbol: "Sm", modifierletter: "Lm" },
  ...{ modifiersymbol: "Sk", nonspacingmark: "Mn", number: "N", openpunctuation: "Ps", other: "C" },
  ...{ otherletter: "Lo", othernumber: "No", otherpunctuation: "Po", othersymbol: "So", paragraphseparator: "Zp" },
  ...{ privateuse: "Co", punctuation: "P", separator: "Z", spaceseparator: "Zs", spacingmark: "Mc" },
  ...{ surrogate: "Cs", symbol: "S", titlecaseletter: "Lt", unassigned: "Cn", uppercaseletter: "Lu" },
  ...{ cntrl: "Cc", digit: "Nd", punct: "P" },
};

/** Go finds `\p{…}` by any case, and by the categories' long names; RE2 by the short ones alone. */
function withShortClasses(pattern: string): string {
  return pattern.replace(/\\Q[\s\S]*?(?:\\E|$)|\\([pP])\{(\^?)([^}]*)\}|\\[\s\S]/g, (whole, letter, sign, name) =>
    letter === undefined ? whole : `\\${letter}{${sign}${shortName(name)}}`,
  );
}

function shortName(name: string): string {
  const plain = name.replace(/[_\- ]/g, "").toLowerCase();
  const short = Object.hasOwn(CATEGORIES, plain) ? CATEGORIES[plain] : undefined;
  return short ?? plain.charAt(0).toUpperCase() + plain.slice(1);
}
