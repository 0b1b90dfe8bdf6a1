/** Tokens with one looked ahead; comments are gathered beside the token that follows them. */
import { GraphqlError, Scanner, type Token, type TokenKind } from "./scanner.ts";
import type { Comments, Position } from "./tree.ts";

/** So deep may what one looks at be nested. */
const DEPTH_MAX = 500;

export class TokenStream {
  readonly #scanner: Scanner;
  #ahead: Token | undefined;
  #before: Token = { kind: "<EOF>", value: "", line: 1, column: 1 };
  #comment: Comments = null;
  #depth = 0;

  constructor(text: string) {
    this.#scanner = new Scanner(text);
  }

  /** The comments right before the token looked at. */
  get comment(): Comments {
    return this.#comment;
  }

  get before(): Token {
    return this.#before;
  }

  peek(): Token {
    if (this.#ahead === undefined) {
      this.#ahead = this.#scanner.next();
      if (this.#ahead.kind === "Comment") this.#gather();
    }
    return this.#ahead;
  }

  #gather(): void {
    const List: { Value: string }[] = [];
    while (this.#ahead?.kind === "Comment") {
      List.push({ Value: this.#ahead.value });
      this.#ahead = this.#scanner.next();
    }
    this.#comment = { List };
  }

  position(): Position {
    const { line, column } = this.peek();
    return { Line: line, Column: column };
  }

  next(): Token {
    this.#before = this.peek();
    this.#ahead = undefined;
    this.#comment = null;
    return this.#before;
  }

  is(kind: TokenKind): boolean {
    return this.peek().kind === kind;
  }

  isWord(word: string): boolean {
    const { kind, value } = this.peek();
    return kind === "Name" && value === word;
  }

  skip(kind: TokenKind): boolean {
    if (!this.is(kind)) return false;
    this.next();
    return true;
  }

  expect(kind: TokenKind): { readonly value: string; readonly comment: Comments } {
    const token = this.peek();
    const { comment } = this;
    if (token.kind !== kind) throw new GraphqlError(`Expected ${kind}, found ${token.kind}`, token);
    this.next();
    return { value: token.value, comment };
  }

  name(): string {
    return this.expect("Name").value;
  }

  /** Gives the comments before it. */
  word(word: string): Comments {
    const token = this.peek();
    const { comment } = this;
    if (!this.isWord(word)) throw new GraphqlError(`Expected "${word}", found ${described(token)}`, token);
    this.next();
    return comment;
  }

  unexpected(token = this.peek()): never {
    throw new GraphqlError(`Unexpected ${described(token)}`, token);
  }

  /** Any number of things in brackets, which may be absent. */
  many<Thing>(start: TokenKind, end: TokenKind, parse: () => Thing): readonly Thing[] {
    return this.#bracketed(start, end, parse, false).things;
  }

  /** As `many`, but brackets are not empty; with the comments before the closing one. */
  some<Thing>(
    start: TokenKind,
    end: TokenKind,
    parse: () => Thing,
  ): { readonly things: readonly Thing[]; readonly comment: Comments } {
    return this.#bracketed(start, end, parse, true);
  }

  #bracketed<Thing>(start: TokenKind, end: TokenKind, parse: () => Thing, isFilled: boolean) {
    const things: Thing[] = [];
    if (!this.skip(start)) return { things, comment: null };
    this.deeper(() => {
      while (!this.is(end)) things.push(parse());
    });
    if (isFilled && things.length === 0) {
      throw new GraphqlError(`expected at least one definition, found ${this.peek().kind}`, this.peek());
    }
    const { comment } = this;
    this.next();
    return { things, comment };
  }

  deeper<Result>(parse: () => Result): Result {
    if (++this.#depth > DEPTH_MAX) throw new GraphqlError(`more than ${DEPTH_MAX} levels deep`, this.peek());
    const result = parse();
    this.#depth--;
    return result;
  }
}

function described({ kind, value }: Token): string {
  return value === "" ? kind : `${kind} ${JSON.stringify(value)}`;
}
