/** Template strings: texts and expressions in turn, each expression one term. */
import type { TemplateValue, Term } from "./ast.ts";
import type { Cursor } from "./cursor.ts";
import { parseWiths } from "./literal.ts";
import { parseValue } from "./term.ts";

export function parseTemplate(cursor: Cursor): Term {
  if (!cursor.has("template_strings")) {
    cursor.fail(cursor.at(cursor.token), "template strings are not supported by current capabilities", "use sprintf");
  }
  const { start } = cursor.take();
  const parts: (string | TemplateValue)[] = [];
  while (!cursor.isKind("template-end")) {
    const { token } = cursor;
    cursor.checkParts(parts.length, "parts in a template string", "concat an array of texts");
    if (token.kind === "template-text") {
      cursor.take();
      parts.push(token.value);
    } else if (token.kind === "template-open") {
      parts.push(parseTemplateValue(cursor));
    } else {
      cursor.failHere();
    }
  }
  cursor.take();
  return { kind: "template", at: cursor.from(start), parts };
}

function parseTemplateValue(cursor: Cursor): TemplateValue {
  cursor.take();
  if (cursor.isKind("template-close")) {
    cursor.fail(cursor.at(cursor.token), "invalid template-string expression: empty", "write \\{ for a brace");
  }
  const term = parseValue(cursor);
  const modifiers = parseWiths(cursor);
  if (!cursor.isKind("template-close")) cursor.failHere("expected }");
  const at = cursor.from(term.at.span.start);
  cursor.take();
  return { at, term, with: modifiers };
}
