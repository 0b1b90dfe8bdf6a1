/**
 * Parts of a text that outlive it. V8 makes a slice as a view of its text, so whoever keeps
 * the first hundred characters of a megabyte keeps the megabyte, and no bound on what is
 * kept holds: what is kept is a text of its own.
 */

/** The text, of no more than so many UTF-16 units. */
export function clip(text: string, lengthMax: number): string {
  return text.length > lengthMax ? copyText(text.slice(0, lengthMax)) : text;
}

/** The same text in memory of its own: for parts of a longer one. */
export function copyText(text: string): string {
  return JSON.parse(JSON.stringify(text)) as string;
}
