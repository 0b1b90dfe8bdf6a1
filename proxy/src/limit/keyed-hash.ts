/**
 * HalfSipHash-2-4 (Aumasson and Bernstein) of numbers and text: whoever does not know the
 * key cannot find two texts of one hash, and so nobody can drain another's bucket by
 * choosing names. 32 bits in and out, for the arithmetic of this machine.
 */
export type HashKey = readonly [number, number];

export class KeyedHash {
  readonly #key: HashKey;
  #v0 = 0;
  #v1 = 0;
  #v2 = 0;
  #v3 = 0;
  #words = 0;

  constructor(key: HashKey) {
    this.#key = key;
  }

  begin(): void {
    const [k0, k1] = this.#key;
    this.#v0 = k0;
    this.#v1 = k1;
    this.#v2 = 0x6c796765 ^ k0;
    this.#v3 = 0x74656462 ^ k1;
    this.#words = 0;
  }

  /** One word of 32 bits. */
  word(value: number): void {
    this.#v3 ^= value;
    this.#round();
    this.#round();
    this.#v0 ^= value;
    this.#words++;
  }

  /** A text, with its length before it: no two lists of texts are one. */
  text(value: string): void {
    this.word(value.length);
    for (let at = 0; at < value.length; at += 2) {
      this.word(value.charCodeAt(at) | (at + 1 < value.length ? value.charCodeAt(at + 1) << 16 : 0));
    }
  }

  end(): number {
    this.word(this.#words << 24);
    this.#v2 ^= 0xff;
    for (let round = 0; round < 4; round++) this.#round();
    return this.#v1 ^ this.#v3;
  }

  #round(): void {
    let v0 = (this.#v0 + this.#v1) | 0;
    let v1 = rotate(this.#v1, 5) ^ v0;
    v0 = rotate(v0, 16);
    let v2 = (this.#v2 + this.#v3) | 0;
    let v3 = rotate(this.#v3, 8) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = rotate(v3, 7) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = rotate(v1, 13) ^ v2;
    v2 = rotate(v2, 16);
    this.#v0 = v0;
    this.#v1 = v1;
    this.#v2 = v2;
    this.#v3 = v3;
  }
}

function rotate(value: number, by: number): number {
  return (value << by) | (value >>> (32 - by));
}
