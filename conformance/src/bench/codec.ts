/** Nanoseconds of the codec's parts, by CPU time: the best of several runs. */
import {
  FieldEdits,
  Method,
  PathNormaliser,
  RequestReader,
  ResponseReader,
  writeRequestHead,
  writeResponseHead,
} from "@regomesh/proxy";

const REQUEST = Buffer.from(
  "GET /api/v1/orders/12345?expand=items HTTP/1.1\r\nHost: orders.shop.svc\r\n" +
    "User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36\r\nAccept: application/json\r\n" +
    "Accept-Encoding: gzip, deflate\r\nAuthorization: Bearer eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCJ9.e30.c2lnbmF0dXJl\r\n" +
    "X-Tenant: tenant-0042\r\nCookie: session=0123456789abcdef; theme=dark\r\n\r\n",
);
const RESPONSE = Buffer.from(
  "HTTP/1.1 200 OK\r\nServer: nginx\r\nDate: Tue, 24 Nov 2026 10:00:00 GMT\r\nContent-Type: text/plain\r\n" +
    "Content-Length: 0\r\nX-A: b\r\n\r\n",
);
const CALLS = 200_000;
const RUNS = 7;

export function measureCodec(): string {
  const requests = new RequestReader();
  const responses = new ResponseReader();
  const edits = new FieldEdits();
  edits.add("x-request-id", "0123456789abcdef0123456789abcdef");
  const out = new Uint8Array(65_536);
  const paths = new PathNormaliser();
  requests.next(REQUEST, 0, REQUEST.length);
  responses.expect(Method.get);
  responses.next(RESPONSE, 0, RESPONSE.length);
  const { head } = requests;
  const answer = responses.head;
  const rows: readonly (readonly [name: string, run: () => void])[] = [
    [`write the request head, ${REQUEST.length} bytes`, () => void writeRequestHead(out, 0, head, edits)],
    [`write the response head, ${RESPONSE.length} bytes`, () => void writeResponseHead(out, 0, answer, edits)],
    ["normalise the path", () => void paths.normalise("BASE", REQUEST, head.pathStart, head.pathEnd)],
    [
      `read a request of ${REQUEST.length} bytes, 7 fields`,
      () => {
        requests.next(REQUEST, 0, REQUEST.length);
        requests.next(REQUEST, requests.at, REQUEST.length);
      },
    ],
    [
      `read a response of ${RESPONSE.length} bytes, 5 fields`,
      () => {
        responses.next(RESPONSE, responses.at, RESPONSE.length);
        responses.expect(Method.get);
        responses.next(RESPONSE, 0, RESPONSE.length);
      },
    ],
  ];
  requests.next(REQUEST, REQUEST.length, REQUEST.length);
  const lines = rows.map(([name, run]) => `${nanoseconds(run).toFixed(0).padStart(6)} ns  ${name}`);
  return ["codec, one call", ...lines].join("\n");
}

function nanoseconds(run: () => void): number {
  for (let call = 0; call < CALLS; call++) run();
  let best = Number.POSITIVE_INFINITY;
  for (let at = 0; at < RUNS; at++) {
    const before = process.cpuUsage().user;
    for (let call = 0; call < CALLS; call++) run();
    best = Math.min(best, ((process.cpuUsage().user - before) * 1000) / CALLS);
  }
  return best;
}
