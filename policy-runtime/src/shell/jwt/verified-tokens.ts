/**
 * Signatures found good before, so that a token that comes with every request is verified
 * once. A token is known by its bytes, the algorithm and the version of the keys; what it
 * says (its expiry, its audience) is looked at each time anew, and no refusal is kept: who
 * sends rubbish drives out no one else's token.
 */

/** A busy proxy sees some thousand users; a token of theirs has about 1 KiB. */
const BYTES_MAX = 4 * 1024 * 1024;
/** What a key costs beside its text. */
const ENTRY_BYTES = 100;

export class VerifiedTokens {
  readonly #bytesMax: number;
  /** In the order of their last use. */
  readonly #known = new Set<string>();
  #bytes = 0;

  constructor(bytesMax = BYTES_MAX) {
    this.#bytesMax = bytesMax;
  }

  /** Bytes that are kept, about. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the signature is good: known, or found so by `verify` now. `keys` is another number for other keys. */
  isGood(keys: number, alg: string, token: string, verify: () => boolean): boolean {
    const name = `${keys} ${alg} ${token}`;
    if (this.#known.delete(name)) {
      this.#known.add(name);
      return true;
    }
    if (!verify()) return false;
    this.#keep(name);
    return true;
  }

  #keep(name: string): void {
    const size = name.length + ENTRY_BYTES;
    if (size > this.#bytesMax) return;
    this.#known.add(name);
    this.#bytes += size;
    for (const oldest of this.#known) {
      if (this.#bytes <= this.#bytesMax) break;
      this.#known.delete(oldest);
      this.#bytes -= oldest.length + ENTRY_BYTES;
    }
  }
}
