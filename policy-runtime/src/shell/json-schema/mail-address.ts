/** One mail address as Go's net/mail takes it (RFC 5322): `a@b`, `Name <a@b>`, a group of one. */
import { parseAddress } from "../address.ts";

/** Texts in characters, which only their limits need. */
export function isMailAddress(text: string): boolean {
  const reader = new Reader(text);
  return reader.address(true) === 1 && reader.skipComments() && reader.isEmpty;
}

/** How many addresses there were; undefined where there was no address. */
type Count = number | undefined;

class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  get isEmpty(): boolean {
    return this.#at >= this.#text.length;
  }

  get #next(): string {
    return this.#text[this.#at] ?? "";
  }

  #take(letter: string): boolean {
    if (this.#next !== letter) return false;
    this.#at++;
    return true;
  }

  #skipSpace(): void {
    while (this.#next === " " || this.#next === "\t") this.#at++;
  }

  address(mayBeGroup: boolean): Count {
    this.#skipSpace();
    if (this.isEmpty) return undefined;
    if (this.#spec()) {
      this.#skipSpace();
      return !this.#take("(") || this.#comment() ? 1 : undefined;
    }
    if (this.#next !== "<" && !this.#phrase()) return undefined;
    this.#skipSpace();
    if (mayBeGroup && this.#take(":")) return this.#group();
    return this.#take("<") && this.#spec() && this.#take(">") ? 1 : undefined;
  }

  #group(): Count {
    this.#skipSpace();
    if (this.#take(";")) return this.skipComments() ? 0 : undefined;
    for (let count = 1; ; count++) {
      this.#skipSpace();
      if (this.address(false) === undefined || !this.skipComments()) return undefined;
      if (this.#take(";")) return this.skipComments() ? count : undefined;
      if (!this.#take(",")) return undefined;
    }
  }

  /** `local@domain`; where it is none, nothing was read. */
  #spec(): boolean {
    const start = this.#at;
    if (this.#local() && this.#take("@") && this.#domain()) return true;
    this.#at = start;
    return false;
  }

  #local(): boolean {
    this.#skipSpace();
    if (this.#next === '"') return (this.#quoted() ?? "") !== "";
    return isDotAtom(this.#atom());
  }

  #domain(): boolean {
    this.#skipSpace();
    if (!this.#take("[")) return isDotAtom(this.#atom());
    const end = this.#text.indexOf("]", this.#at);
    if (end < 0) return false;
    const literal = this.#text.slice(this.#at, end);
    this.#at = end + 1;
    return parseAddress(literal) !== undefined;
  }

  /** Letters of an atom, periods among them; "" where there are none. */
  #atom(): string {
    const start = this.#at;
    while (isAtomLetter(this.#next)) this.#at++;
    return this.#text.slice(start, this.#at);
  }

  /** Undefined where it does not end, or has letters that it may not. */
  #quoted(): string | undefined {
    let text = "";
    for (let i = this.#at + 1; i < this.#text.length; i++) {
      const letter = this.#text[i] as string;
      if (letter === '"') {
        this.#at = i + 1;
        return text;
      }
      const plain = letter === "\\" ? (this.#text[++i] ?? "") : letter;
      if (!isVisible(plain) && plain !== " " && plain !== "\t") return undefined;
      text += plain;
    }
    return undefined;
  }

  /** Words; an encoded one (RFC 2047) must be in a character set that is known. */
  #phrase(): boolean {
    for (let words = 0; ; words++) {
      if (words > 0 && !this.skipComments()) return false;
      this.#skipSpace();
      if (this.isEmpty) return words > 0;
      if (this.#next === '"') {
        if (this.#quoted() === undefined) return words > 0;
        continue;
      }
      const atom = this.#atom();
      if (atom === "" || isUnknownWord(atom)) return words > 0;
    }
  }

  skipComments(): boolean {
    this.#skipSpace();
    while (this.#take("(")) {
      if (!this.#comment()) return false;
      this.#skipSpace();
    }
    return true;
  }

  /** Behind its first parenthesis. */
  #comment(): boolean {
    for (let depth = 1; depth > 0; this.#at++) {
      if (this.isEmpty) return false;
      if (this.#next === "\\" && this.#at + 1 < this.#text.length) this.#at++;
      else if (this.#next === "(") depth++;
      else if (this.#next === ")") depth--;
    }
    return true;
  }
}

function isVisible(letter: string): boolean {
  return letter >= "!" && letter !== "\x7f";
}

function isAtomLetter(letter: string): boolean {
  return letter !== "" && isVisible(letter) && !'()<>[]:;@\\,"'.includes(letter);
}

function isDotAtom(text: string): boolean {
  return text !== "" && !text.startsWith(".") && !text.endsWith(".") && !text.includes("..");
}

function isUnknownWord(text: string): boolean {
  const found = /^=\?([^?]+)\?([bq])\?[^?]*\?=$/i.exec(text);
  return found !== null && !/^(utf-8|iso-8859-1|us-ascii)$/i.test(found[1] as string);
}
