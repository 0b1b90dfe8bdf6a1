/**
 * Handshakes of mutual TLS by what they agreed on, and with whom: protocol, cipher, the group of
 * the key exchange (X25519MLKEM768 withstands a quantum computer, too), and what is spoken over it.
 */
export type HandshakeKey = {
  readonly direction: "inbound" | "outbound";
  /** Principal of the other end; "" for those that are not told apart. */
  readonly peer: string;
  readonly protocol: string;
  readonly cipher: string;
  /** "" where it is not known: a server is not told. */
  readonly group: string;
  /** By ALPN; "" where nothing was agreed on. */
  readonly spoken: string;
};

export type Handshakes = HandshakeKey & { readonly count: number };

/** A peer makes rows by showing principals that our own CA signed; beyond this they share a row. */
const ROWS_MAX = 1024;

export class HandshakeTable {
  readonly #rows = new Map<string, Handshakes>();

  count(key: HandshakeKey): void {
    const name = nameOf(key);
    const known = this.#rows.get(name);
    if (known === undefined && this.#rows.size >= ROWS_MAX && key.peer !== "")
      return void this.count({ ...key, peer: "" });
    this.#rows.set(name, { ...key, count: (known?.count ?? 0) + 1 });
  }

  read(): readonly Handshakes[] {
    return [...this.#rows.values()];
  }
}

/** The sum over threads. */
export function sumHandshakes(tables: readonly (readonly Handshakes[])[]): readonly Handshakes[] {
  const sums = new Map<string, Handshakes>();
  for (const row of tables.flat()) {
    const name = nameOf(row);
    sums.set(name, { ...row, count: row.count + (sums.get(name)?.count ?? 0) });
  }
  return [...sums.values()];
}

function nameOf({ direction, peer, protocol, cipher, group, spoken }: HandshakeKey): string {
  return [direction, peer, protocol, cipher, group, spoken].join("\n");
}
