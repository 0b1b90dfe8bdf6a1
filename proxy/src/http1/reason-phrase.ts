/** Reason phrases of RFC 9110 and its extensions, as bytes; nobody reads them but people. */
import { asciiBytes } from "./characters.ts";
import { NO_BYTES } from "./head.ts";

const PHRASES: Readonly<Record<number, string>> = {
  100: "Continue",
  103: "Early Hints",
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  206: "Partial Content",
  301: "Moved Permanently",
  302: "Found",
  303: "See Other",
  304: "Not Modified",
  307: "Temporary Redirect",
  308: "Permanent Redirect",
  400: "Bad Request",
  401: "Unauthorized",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  411: "Length Required",
  412: "Precondition Failed",
  413: "Content Too Large",
  414: "URI Too Long",
  415: "Unsupported Media Type",
  416: "Range Not Satisfiable",
  417: "Expectation Failed",
  421: "Misdirected Request",
  422: "Unprocessable Content",
  425: "Too Early",
  426: "Upgrade Required",
  428: "Precondition Required",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  502: "Bad Gateway",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
};

const BYTES: readonly (Uint8Array | undefined)[] = Array.from({ length: 600 }, (_, status) =>
  PHRASES[status] === undefined ? undefined : asciiBytes(PHRASES[status]),
);

export function reasonPhrase(status: number): Uint8Array {
  return BYTES[status] ?? NO_BYTES;
}
