/** The reference of a kind: what it is, an example, every field. Markdown, which also reads well as it is. */
import { KINDS, type Kind } from "../resource.ts";
import { printJsonSchema } from "../schema/json-schema.ts";
import { EXAMPLES } from "./example.ts";
import { type Field, listFields } from "./field.ts";
import { SUMMARIES } from "./summaries.ts";

const COLUMNS = ["field", "type", "default", "meaning"] as const;

/** Markdown, ending with a line's end: a heading, the example in YAML, a table of the fields. */
export function printReference(kind: Kind): string {
  const example = ["```yaml", EXAMPLES[kind].trim(), "```"];
  return [`## ${kind}`, SUMMARIES[kind], example.join("\n"), table(fieldsOf(kind)).join("\n")]
    .join("\n\n")
    .concat("\n");
}

/** The same for a terminal: the meaning of each field below it, in lines of at most `columns`. */
export function printReferenceText(kind: Kind, columns: number): string {
  const fields = fieldsOf(kind).flatMap(({ path, type, preset, meaning }) => {
    const preamble = preset === "—" ? "optional" : preset === "required" ? preset : `default ${preset}`;
    return [
      ...wrap(`${path}: ${type}; ${preamble}`, columns, "      "),
      ...wrap(meaning, columns - 4, "").map(indent),
      "",
    ];
  });
  const example = EXAMPLES[kind].trim().split("\n").map(indent);
  return [kind, "", ...wrap(SUMMARIES[kind], columns, ""), "", ...example, "", ...fields].join("\n");
}

function fieldsOf(kind: Kind): readonly Field[] {
  const { properties } = printJsonSchema(KINDS[kind]) as { readonly properties: Record<"metadata" | "spec", object> };
  return (["metadata", "spec"] as const).flatMap((name) => listFields({ ...properties[name] }, name));
}

const indent = (line: string) => `    ${line}`;

/** Words in lines of at most `columns` where no word is longer; lines after the first begin with `hang`. */
function wrap(text: string, columns: number, hang: string): readonly string[] {
  const lines: string[] = [];
  let line = "";
  for (const word of text.split(" ")) {
    const longer = line === "" ? word : `${line} ${word}`;
    if (longer.length > columns && line !== "") {
      lines.push(line);
      line = `${hang}${word}`;
    } else line = longer;
  }
  return [...lines, line];
}

function table(fields: readonly Field[]): readonly string[] {
  const rows = fields.map(({ path, type, preset, meaning }) => [
    `\`${path}\``,
    escapeBar(type),
    /^(required|—)$/.test(preset) ? preset : `\`${preset}\``,
    escapeBar(meaning),
  ]);
  const widths = COLUMNS.map((name, column) => Math.max(name.length, ...rows.map((row) => row[column]?.length ?? 0)));
  const line = (cells: readonly string[]) =>
    `| ${cells.map((cell, column) => cell.padEnd(widths[column] ?? 0)).join(" | ")} |`;
  return [line(COLUMNS), `| ${widths.map((width) => "-".repeat(width)).join(" | ")} |`, ...rows.map(line)];
}

/** A cell ends at a bar. */
function escapeBar(text: string): string {
  return text.replaceAll("|", "\\|");
}
