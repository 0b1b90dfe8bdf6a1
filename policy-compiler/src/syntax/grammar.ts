/** Ties the parts of the grammar together. */
import { parseBraces, parseBrackets } from "./composite.ts";
import type { Grammar } from "./cursor.ts";
import { parseLiteral } from "./literal.ts";
import { parseLogical } from "./logical.ts";
import { parseTemplate } from "./template.ts";

export const GRAMMAR: Grammar = { parseLiteral, parseLogical, parseBrackets, parseBraces, parseTemplate };
