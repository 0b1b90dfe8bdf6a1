/** The part of an access line that says who asked whom: made anew only where that changes. */
import { asciiBytes } from "../http1/characters.ts";
import type { Endpoint } from "../route/endpoint.ts";

/** Who asked whom, and how it is said. */
type Said = {
  readonly source: string;
  readonly service: string;
  readonly endpoint: Endpoint | undefined;
  /** Up to the number of tries, where there is an endpoint; ASCII. */
  readonly bytes: Uint8Array;
};

const NOBODY: Said = { source: "", service: "", endpoint: undefined, bytes: print("", "", undefined) };
/** What was said last on this thread: mostly it is the same for all connections, and then it is always at hand. */
let last = NOBODY;

export class Between {
  #said = NOBODY;

  /** Up to the number of tries, where there is an endpoint; ASCII. */
  of(source: string, service: string, endpoint: Endpoint | undefined): Uint8Array {
    if (isOf(last, source, service, endpoint)) return last.bytes;
    if (!isOf(this.#said, source, service, endpoint)) {
      this.#said = { source, service, endpoint, bytes: print(source, service, endpoint) };
    }
    last = this.#said;
    return last.bytes;
  }
}

function isOf(said: Said, source: string, service: string, endpoint: Endpoint | undefined): boolean {
  return endpoint === said.endpoint && service === said.service && source === said.source;
}

function print(source: string, service: string, endpoint: Endpoint | undefined): Uint8Array {
  const between = `"source":"${inside(source)}","service":"${inside(service)}",`;
  if (endpoint === undefined) return asciiBytes(between);
  return asciiBytes(`${between}"endpoint":"${inside(endpoint.address)}:${endpoint.port}","tries":`);
}

/** A text as the inside of a JSON string, in ASCII. */
export function inside(text: string): string {
  const quoted = JSON.stringify(text).slice(1, -1);
  return quoted.replace(/[^ -~]/g, (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
