/** The part of an access line that says who asked whom: made anew only where that changes. */
import { asciiBytes } from "../http1/characters.ts";
import type { Endpoint } from "../route/endpoint.ts";

export class Between {
  #source = "";
  #service = "";
  #endpoint: Endpoint | undefined = undefined;
  #bytes = print("", "", undefined);

  /** Up to the number of tries, where there is an endpoint; ASCII. */
  of(source: string, service: string, endpoint: Endpoint | undefined): Uint8Array {
    if (endpoint !== this.#endpoint || service !== this.#service || source !== this.#source) {
      this.#source = source;
      this.#service = service;
      this.#endpoint = endpoint;
      this.#bytes = print(source, service, endpoint);
    }
    return this.#bytes;
  }
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
