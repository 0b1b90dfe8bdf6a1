/**
 * A parsed module as the JSON of OPA's syntax tree: what `rego.parse_module` and `opa parse` give.
 * Members of sets stand in the order of their terms, each once, and an object's entries in that of
 * their keys; every `_` is a variable of its own, numbered through the module.
 */
import { positionAt } from "@regomesh/base";
import type { Body, Comment, Expr, Import, Module, Operator, Rule, TemplateValue, Term, What, With } from "./ast.ts";
import { compareNumberTexts } from "./number-literal.ts";

export type OpaJson = { readonly [key: string]: unknown };

export function toOpaJson(module: Module): OpaJson {
  const printer = new Printer();
  const rules = module.rules.map((rule) => printer.rule(rule));
  return {
    package: { path: [variable("data"), ...module.package.path.map(text)] },
    ...listed("imports", module.imports.map(importOf)),
    ...listed("rules", rules),
    ...listed("comments", module.comments.map(commentOf)),
  };
}

function listed(name: string, items: readonly unknown[]): OpaJson {
  return items.length === 0 ? {} : { [name]: items };
}

function importOf({ path: [root = "", ...path], alias }: Import): OpaJson {
  const ref = { type: "ref", value: [variable(root), ...path.map(text)] };
  return { path: ref, ...(alias === undefined ? {} : { alias }) };
}

function commentOf({ at, text: written }: Comment): OpaJson {
  const { row, column } = positionAt(at.source, at.span.start);
  const bytes = new TextEncoder().encode(written.replace(/^#/, ""));
  return { Text: btoa(String.fromCharCode(...bytes)), Location: { file: at.source.name, row, col: column } };
}

function variable(name: string): OpaJson {
  return { type: "var", value: name };
}

function text(value: string): OpaJson {
  return { type: "string", value };
}

const TRUE = { type: "boolean", value: true };
const IMPLICIT: readonly OpaJson[] = [{ generated: true, index: 0, terms: TRUE }];

function nameOf([first]: readonly OpaJson[]): OpaJson {
  return { name: first?.["value"] };
}

/** What heads of OPA have beside their reference, from the time before they had one. */
function naming({ head, form, isDefault }: Rule, ref: readonly OpaJson[]): OpaJson {
  if (ref.length === 1) return nameOf(ref);
  if (ref.length > 2 || isDefault) return {};
  const key = { key: ref[1] };
  if (form?.hasIf !== true) return head.args === undefined ? { ...nameOf(ref), ...key } : {};
  const isKeyed = head.args === undefined && hasVariables(head.ref[1] as Term);
  return { ...(form.sign === undefined ? {} : nameOf(ref)), ...(isKeyed ? key : {}) };
}

/** Names that are references even by themselves. */
const ROOTS: ReadonlySet<string> = new Set(["input", "data"]);

class Printer {
  #wildcards = 0;

  /** Of an `else` with what stands before it: it takes over the name, the arguments and the sign. */
  rule(rule: Rule, before?: { readonly first: Rule; readonly assigns: boolean }): OpaJson {
    const assigns = rule.form?.sign === ":=" || before?.assigns === true;
    const first = before?.first ?? rule;
    const head = this.#head(rule, first, assigns);
    const hasBody = rule.form?.hasBody ?? true;
    return {
      ...(rule.isDefault ? { default: true } : {}),
      head,
      body: rule.isDefault || !hasBody ? IMPLICIT : this.#body(rule.body),
      ...(rule.else === undefined ? {} : { else: this.rule(rule.else, { first, assigns }) }),
    };
  }

  #head({ head }: Rule, first: Rule, assigns: boolean): OpaJson {
    const { ref: written, args } = first.head;
    const ref = written.map((term, i) => (i === 0 && term.kind === "string" ? variable(term.value) : this.term(term)));
    const operands = args === undefined ? {} : { args: args.map((term) => this.term(term)) };
    const value = this.term(head.value);
    if (head.isSet) return { ...(ref.length === 1 ? nameOf(ref) : {}), ref, key: value };
    return { ...naming(first, ref), ref, ...operands, value, ...(assigns ? { assign: true } : {}) };
  }

  #body(body: Body): readonly OpaJson[] {
    return body.map((expr, index) => this.#expr(expr, index));
  }

  #expr({ isNegated, what, with: modifiers }: Expr, index: number): OpaJson {
    const terms = this.#what(what);
    return {
      index,
      ...(isNegated ? { negated: true } : {}),
      terms,
      ...listed(
        "with",
        modifiers.map((modifier) => this.#with(modifier)),
      ),
    };
  }

  #with({ target, value }: With): OpaJson {
    const isName = target.path.length === 0 && target.head.kind === "var" && !ROOTS.has(target.head.name);
    return { target: this.term(isName ? target.head : target), value: this.term(value) };
  }

  #what(what: What): unknown {
    switch (what.kind) {
      case "term":
        return this.term(what.term);
      case "call":
        return this.#call(what.operator, what.args);
      case "assign":
      case "unify":
        return [called(what.kind === "assign" ? ["assign"] : ["eq"]), this.term(what.left), this.term(what.right)];
      case "some":
        return { symbols: what.variables.map((each) => this.term(each)) };
      case "some-in": {
        const keys = what.key === undefined ? [] : [what.key];
        const path = ["internal", keys.length === 0 ? "member_2" : "member_3"];
        const terms = [...keys, what.value, what.domain].map((term) => this.term(term));
        return { symbols: [{ type: "call", value: [called(path), ...terms] }] };
      }
      case "every":
        return {
          key: what.key === undefined ? null : this.term(what.key),
          value: this.term(what.value),
          domain: this.term(what.domain),
          body: this.#body(what.body),
        };
      default:
        throw new Error("rego.parse_module: not, and, or with bodies of their own are not known to it");
    }
  }

  /** A constant stands for itself. */
  #part({ term, with: modifiers }: TemplateValue): OpaJson {
    const shown = this.term(term);
    if (modifiers.length === 0 && ["null", "boolean", "number", "string"].includes(term.kind)) return shown;
    const terms = term.kind === "call-term" ? shown["value"] : shown;
    return {
      index: 0,
      terms,
      ...listed(
        "with",
        modifiers.map((each) => this.#with(each)),
      ),
    };
  }

  #refHead(head: Term): OpaJson {
    return head.kind === "var" && head.name !== "_" ? variable(head.name) : this.term(head);
  }

  #call({ path }: Operator, args: readonly Term[]): readonly OpaJson[] {
    return [called(path), ...args.map((term) => this.term(term))];
  }

  term(term: Term): OpaJson {
    switch (term.kind) {
      case "null":
        return { type: "null", value: {} };
      case "boolean":
      case "string":
        return { type: term.kind, value: term.value };
      case "number":
        return { type: "number", value: new NumberText(term.text) };
      case "var":
        if (ROOTS.has(term.name)) return called([term.name]);
        return variable(term.name === "_" ? `$${this.#wildcards++}` : term.name);
      case "ref":
        return { type: "ref", value: [this.#refHead(term.head), ...term.path.map((part) => this.term(part))] };
      case "array":
        return { type: "array", value: term.items.map((item) => this.term(item)) };
      case "set":
        return { type: "set", value: distinct(term.items.map((item) => this.term(item))) };
      case "object": {
        const entries = term.entries.map(([key, value]) => [this.term(key), this.term(value)] as const);
        return { type: "object", value: entries.toSorted(([a], [b]) => compareTerms(a, b)) };
      }
      case "array-comprehension":
      case "set-comprehension": {
        const type = term.kind === "array-comprehension" ? "arraycomprehension" : "setcomprehension";
        return { type, value: { term: this.term(term.value), body: this.#body(term.body) } };
      }
      case "object-comprehension": {
        const [key, value] = [this.term(term.key), this.term(term.value)];
        return { type: "objectcomprehension", value: { key, value, body: this.#body(term.body) } };
      }
      case "call-term":
        return { type: "call", value: this.#call(term.operator, term.args) };
      case "template": {
        const { source, span } = term.at;
        const parts = term.parts.map((part) => (typeof part === "string" ? text(part) : this.#part(part)));
        return {
          type: "templatestring",
          value: { multi_line: source.text[span.start + 1] === "`", parts: parts.length === 0 ? null : parts },
        };
      }
    }
  }
}

function called([first = "", ...more]: readonly string[]): OpaJson {
  return { type: "ref", value: [variable(first), ...more.map(text)] };
}

function hasVariables(term: Term): boolean {
  switch (term.kind) {
    case "null":
    case "boolean":
    case "number":
    case "string":
      return false;
    case "array":
    case "set":
      return term.items.some(hasVariables);
    case "object":
      return term.entries.some((entry) => entry.some(hasVariables));
    default:
      return true;
  }
}

/** A number as it is written; JSON.stringify writes it so where the host can (`rawJSON`). */
class NumberText {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }

  toJSON(): unknown {
    return (JSON as unknown as { readonly rawJSON: (text: string) => unknown }).rawJSON(this.text);
  }
}

function distinct(terms: readonly OpaJson[]): readonly OpaJson[] {
  const sorted = terms.toSorted(compareTerms);
  return sorted.filter((term, i) => i === 0 || compareTerms(sorted[i - 1] as OpaJson, term) !== 0);
}

const ORDER = [
  ...["null", "boolean", "number", "string", "templatestring", "var", "ref", "array", "object", "set"],
  ...["arraycomprehension", "objectcomprehension", "setcomprehension", "call"],
];

/** As ast.Compare of OPA; comprehensions and template strings, which it compares by their parts, by their text. */
function compareTerms(a: OpaJson, b: OpaJson): number {
  const kind = a["type"] as string;
  const between = ORDER.indexOf(kind) - ORDER.indexOf(b["type"] as string);
  return between !== 0 ? between : compareValues(a["value"], b["value"]);
}

function compareValues(a: unknown, b: unknown): number {
  if (a instanceof NumberText && b instanceof NumberText) return compareNumberTexts(a.text, b.text);
  if (typeof a === "boolean" && typeof b === "boolean") return Number(a) - Number(b);
  if (Array.isArray(a) && Array.isArray(b)) {
    for (let i = 0; i < Math.min(a.length, b.length); i++) {
      const [left, right] = [a[i], b[i]];
      const order = Array.isArray(left) ? compareValues(left, right) : compareTerms(left as OpaJson, right as OpaJson);
      if (order !== 0) return order;
    }
    return a.length - b.length;
  }
  const [left, right] = typeof a === "string" ? [a, b as string] : [JSON.stringify(a), JSON.stringify(b)];
  return compareText(left, right);
}

/** By code points, which is the order of the bytes. */
function compareText(a: string, b: string): number {
  const [left, right] = [[...a], [...b]];
  for (const [i, letter] of left.entries()) {
    const other = right[i];
    if (other === undefined) return 1;
    if (letter !== other) return (letter.codePointAt(0) ?? 0) - (other.codePointAt(0) ?? 0);
  }
  return left.length - right.length;
}
