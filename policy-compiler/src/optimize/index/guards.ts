/**
 * The guards of a rule (core/guard.ts). They stand where its region begins, before anything that has an effect or may
 * fail: where one does not hold, leaving the rule out changes nothing.
 */
import { type Guard, nameOf, type Term } from "../../core/guard.ts";
import type { CallOp, MakeOp, Op, Region } from "../../core/op.ts";
import { type Constant, FALSE, type Local, literalOf, Type, type Value } from "../../core/value.ts";
import { eachOpIn, eachWrite, someOpIn } from "../../core/walk.ts";
import { isMembership, MEMBER } from "../membership.ts";
import type { Shared } from "./alike.ts";
import { isQuiet } from "./quiet.ts";

/** A text, or which of the constants that a shared body is given (alike.ts). */
type Option = string | number;
type Noted = Omit<Guard, "options"> & { readonly options: readonly Option[] };
type Test = Omit<Guard, "name" | "options"> & { readonly options: readonly Option[] | undefined };
type Origin =
  | Term
  /** Another constant, as the text of a literal. */
  | { readonly kind: "constant"; readonly text: string }
  /** A collection that is made of these, as far as they are constants. */
  | { readonly kind: "items"; readonly what: MakeOp["what"]; readonly items: readonly (Option | undefined)[] }
  /** One of the constants that the body is given. */
  | { readonly kind: "given"; readonly place: number }
  | { readonly kind: "test"; readonly test: Test };

type Walk = {
  readonly origins: Map<Local, Origin>;
  readonly guards: Noted[];
  /** A test that may fail with an error has begun: nothing behind it counts but what it says itself. */
  last: Test | undefined;
};

/** Of one that is tried for several things, as a rule with `else` is: what must hold for at least one. */
export function guardsOf(links: readonly Region[], params: ReadonlySet<Local>): readonly Guard[] {
  return notedOf(links, params, []).flatMap((noted) => guardOf(noted, []) ?? []);
}

/**
 * The same of groups that share a body, found once for all of them; undefined of one whose constants say less than those of
 * others do. `count`: links of the body that are tried.
 */
export function sharedGuards(
  { regions, params: given }: Shared,
  count: number,
  params: ReadonlySet<Local>,
): (constants: readonly Constant[]) => readonly Guard[] | undefined {
  const noted = notedOf(regions.slice(0, count), params, given);
  return (constants) => {
    const guards: Guard[] = [];
    for (let i = 0; i < noted.length; i++) {
      const guard = guardOf(noted[i] as Noted, constants);
      if (guard === undefined) return undefined;
      guards.push(guard);
    }
    return guards;
  };
}

function guardOf({ term, name, test, options }: Noted, constants: readonly Constant[]): Guard | undefined {
  const texts: string[] = [];
  for (let i = 0; i < options.length; i++) {
    const option = options[i] as Option;
    const text = typeof option === "string" ? option : optionOf(test, constants[option]);
    if (text === undefined) return undefined;
    texts.push(text);
  }
  return { term, name, test, options: texts.length > 1 ? [...new Set(texts)] : texts };
}

function optionOf(test: Guard["test"], constant: Constant | undefined): string | undefined {
  const origin = constant === undefined ? undefined : constantOrigin(constant);
  if (test !== "equal") return origin?.kind === "string" ? origin.text.toWellFormed() : undefined;
  const text = origin === undefined ? undefined : textOfOrigin(origin);
  return typeof text === "string" ? text : undefined;
}

function notedOf(links: readonly Region[], params: ReadonlySet<Local>, given: readonly Local[]): readonly Noted[] {
  const [first, ...others] = links.map((link) => notedOfRegion(link, params, given));
  if (first === undefined || others.length === 0) return first ?? [];
  return first.flatMap((guard) => {
    const options = new Set(guard.options);
    for (const other of others) {
      const same = other.find(({ name, test }) => name === guard.name && test === guard.test);
      if (same === undefined) return [];
      for (const option of same.options) options.add(option);
    }
    return [{ ...guard, options: [...options] }];
  });
}

function notedOfRegion(region: Region, params: ReadonlySet<Local>, given: readonly Local[]): readonly Noted[] {
  const walk: Walk = { origins: new Map(), guards: [], last: undefined };
  for (const local of params) walk.origins.set(local, { kind: "param", local });
  for (let place = 0; place < given.length; place++) walk.origins.set(given[place] as Local, { kind: "given", place });
  for (let at: Region | undefined = region; at !== undefined; ) at = walkRegion(walk, at);
  return walk.guards;
}

/** Gives the region that goes on where this one ends with an iteration. */
function walkRegion(walk: Walk, { ops }: Region): Region | undefined {
  for (let i = 0; i < ops.length; i++) {
    const op = ops[i] as Op;
    if (op.kind === "loop" && i === ops.length - 1) {
      walk.origins.delete(op.key);
      walk.origins.delete(op.value);
      return op.regions[0];
    }
    if (!follow(walk, op)) return undefined;
  }
  return undefined;
}

/** Whether what comes next may be looked at: the op has no effect, and cannot fail. */
function follow(walk: Walk, op: Op): boolean {
  const { origins } = walk;
  switch (op.kind) {
    case "assign":
      return define(origins, op.target, originOf(walk, op.source));
    case "make":
      return define(origins, op.target, op.what === "object" ? undefined : { kind: "items", what: op.what, items: [] });
    case "grow":
      return (op.how === "append" || op.how === "add") && grow(walk, op.collection, op.value);
    case "get": {
      const { how, target } = op;
      const source = termOf(walk, op.source);
      const key = termOf(walk, op.key);
      return define(origins, target, source && key && { kind: "dot", how, source, key });
    }
    case "test":
      return followTest(walk, op);
    case "call": {
      const test = testOf(walk, op);
      if (test === undefined) return define(origins, op.target, undefined) && isMembership(op);
      if (test.test !== "equal") walk.last ??= test;
      return define(origins, op.target, { kind: "test", test });
    }
    case "regions":
    case "not":
    case "loop":
      return passOver(origins, op);
    case "length":
      return define(origins, op.target, undefined);
    default:
      return isQuiet(op);
  }
}

/** Nothing is known of what is written inside. */
function passOver(origins: Map<Local, Origin>, op: Op): boolean {
  if (someOpIn(op, (inner) => !isQuiet(inner))) return false;
  eachOpIn(op, (inner) => eachWrite(inner, (local) => origins.delete(local)));
  return true;
}

function define(origins: Map<Local, Origin>, target: Local, origin: Origin | undefined): true {
  if (origin === undefined) origins.delete(target);
  else origins.set(target, origin);
  return true;
}

function followTest(walk: Walk, op: Extract<Op, { readonly kind: "test" }>): boolean {
  if (op.test === "equal") {
    noteEqual(walk, op.a, op.b);
    noteEqual(walk, op.b, op.a);
  } else if (op.test === "not-equal") return op.b !== FALSE || noteTest(walk, op.a);
  return true;
}

const INTEGER = /^-?[1-9][0-9]{0,8}$|^0$/;

function originOf({ origins }: Walk, value: Value): Origin | undefined {
  return value.kind === "local" ? origins.get(value) : constantOrigin(value);
}

function constantOrigin({ type, text }: Constant): Origin | undefined {
  switch (type) {
    case Type.string:
      return { kind: "string", text };
    case Type.boolean:
    case Type.null:
      return { kind: "constant", text };
    case Type.smallInt: // other numbers have several texts
      return INTEGER.test(text) ? { kind: "integer", value: Number(text) } : undefined;
    default:
      return undefined;
  }
}

function termOf(walk: Walk, value: Value): Term | undefined {
  const origin = originOf(walk, value);
  switch (origin?.kind) {
    case "param":
    case "string":
    case "integer":
    case "dot":
      return origin;
    default:
      return undefined;
  }
}

/** What can be asked about: something that is not known while compiling. */
function askedOf(walk: Walk, value: Value | undefined): Term | undefined {
  const term = value === undefined ? undefined : termOf(walk, value);
  return term?.kind === "param" || term?.kind === "dot" ? term : undefined;
}

/** Text of a constant: a scalar, or an array of such. Sets may repeat a member, so they have none. */
function textOf(walk: Walk, value: Value): Option | undefined {
  const origin = originOf(walk, value);
  return origin === undefined ? undefined : textOfOrigin(origin);
}

function textOfOrigin(origin: Origin): Option | undefined {
  switch (origin.kind) {
    case "constant":
      return origin.text;
    case "given":
      return origin.place;
    case "integer":
      return `${origin.value}`;
    case "string":
      return literalOf({ kind: "constant", type: Type.string, text: origin.text });
    case "items":
      return origin.what === "array" && areTexts(origin.items) ? `[${origin.items.join(",")}]` : undefined;
    default:
      return undefined;
  }
}

/** Something that is not this region's own: an effect. */
function grow(walk: Walk, collection: Local, value: Value): boolean {
  const origin = walk.origins.get(collection);
  if (origin?.kind !== "items") return false;
  walk.origins.set(collection, { ...origin, items: [...origin.items, textOf(walk, value)] });
  return true;
}

function areKnown(items: readonly (Option | undefined)[]): items is readonly Option[] {
  return !items.includes(undefined);
}

function areTexts(items: readonly (Option | undefined)[]): items is readonly string[] {
  return items.every((item) => typeof item === "string");
}

function note({ guards, last }: Walk, noted: Test): void {
  if (last !== undefined && last !== noted) return;
  const { term, test, options } = noted;
  const name = nameOf(term);
  if (options === undefined || guards.some((known) => known.name === name && known.test === test)) return;
  guards.push({ term, name, test, options });
}

function noteEqual(walk: Walk, a: Value, b: Value): void {
  const term = askedOf(walk, a);
  if (term === undefined) return;
  const text = textOf(walk, b);
  if (text !== undefined) note(walk, { term, test: "equal", options: [text] });
  else noteParts(walk, term, originOf(walk, b));
}

/** What equals an array that is known in part has what is known in its places. */
function noteParts(walk: Walk, source: Term, origin: Origin | undefined): void {
  if (origin?.kind !== "items" || origin.what !== "array") return;
  for (let i = 0; i < origin.items.length; i++) {
    const text = origin.items[i];
    if (text === undefined) continue;
    const term: Term = { kind: "dot", how: "value", source, key: { kind: "integer", value: i } };
    note(walk, { term, test: "equal", options: [text] });
  }
}

/** Whether what comes next may be looked at: a test of strings fails, with an error, where there is none. */
function noteTest(walk: Walk, value: Value): boolean {
  const origin = originOf(walk, value);
  if (origin?.kind !== "test") return true;
  note(walk, origin.test);
  return origin.test.test === "equal";
}

function testOf(walk: Walk, call: CallOp): Test | undefined {
  const [a, b, c] = call.args;
  if (call.callee.kind === "function") return undefined;
  const { name } = call.callee;
  switch (name) {
    case MEMBER: {
      const term = askedOf(walk, a);
      const items = b?.kind === "local" ? walk.origins.get(b) : undefined;
      if (term === undefined || items?.kind !== "items") return undefined;
      return { term, test: "equal", options: areKnown(items.items) ? items.items : undefined };
    }
    case "startswith":
    case "endswith": {
      const term = askedOf(walk, a);
      const origin = b === undefined ? undefined : originOf(walk, b);
      const text = origin?.kind === "given" ? origin.place : stringOf(walk, b);
      if (term === undefined || text === undefined) return undefined;
      return { term, test: name === "startswith" ? "prefix" : "suffix", options: [text] };
    }
    case "glob.match": {
      const term = askedOf(walk, c);
      const pattern = stringOf(walk, a);
      const start = pattern === undefined || !isDelimiters(walk, b) ? "" : literalStart(pattern);
      return term === undefined || start === "" ? undefined : { term, test: "prefix", options: [start] };
    }
    default:
      return undefined;
  }
}

function stringOf(walk: Walk, value: Value | undefined): string | undefined {
  const origin = value === undefined ? undefined : originOf(walk, value);
  return origin?.kind === "string" ? origin.text.toWellFormed() : undefined;
}

/** null, or an array of characters: others are errors. */
function isDelimiters(walk: Walk, value: Value | undefined): boolean {
  const origin = value === undefined ? undefined : originOf(walk, value);
  if (origin?.kind === "constant") return origin.text === "null";
  return origin?.kind === "items" && origin.what === "array" && origin.items.every(isCharacter);
}

/** `"."`, as a literal. */
function isCharacter(text: Option | undefined): boolean {
  return typeof text === "string" && text.length === 3 && text.startsWith('"');
}

/** What everything that a glob matches begins with; "" where the pattern may be an error, or begins with anything. */
function literalStart(pattern: string): string {
  if (/[[\]{}\\!,]/.test(pattern)) return "";
  const end = pattern.search(/[*?]/);
  return end < 0 ? pattern : pattern.slice(0, end);
}
