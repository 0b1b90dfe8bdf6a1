/** HPACK: the examples of RFC 7541's appendix C, what must be refused, and both ways against each other. */
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { asciiBytes, lower, textOf } from "../../http1/characters.ts";
import { hashOf, isSameText, wordsOf } from "../../http1/words.ts";
import { Output } from "../output.ts";
import { HpackDecoder } from "./decoder.ts";
import { HpackEncoder } from "./encoder.ts";
import { FoldedName, NAME_SEED } from "./folded-name.ts";
import { decodedBytesMax, decodeHuffman, encodeHuffman, huffmanBytes } from "./huffman.ts";

type Field = readonly [name: string, value: string];

const hex = (text: string): Uint8Array => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ""), "hex"));

/** The fields of a block, or undefined for COMPRESSION_ERROR. */
function decode(decoder: HpackDecoder, block: Uint8Array): readonly Field[] | undefined {
  const fields: Field[] = [];
  const isRead = decoder.decode(block, 0, block.length, {
    addField: (name, ns, ne, value, vs, ve) => fields.push([textOf(name, ns, ne), textOf(value, vs, ve)]),
  });
  return isRead ? fields : undefined;
}

function encode(encoder: HpackEncoder, fields: readonly Field[]): Uint8Array {
  const out = new Output();
  encoder.begin(out);
  for (const [name, value] of fields) {
    const [n, v] = [asciiBytes(name), asciiBytes(value)];
    encoder.encode(out, n, 0, n.length, v, 0, v.length);
  }
  return out.take();
}

const GET: readonly Field[] = [
  [":method", "GET"],
  [":scheme", "http"],
  [":path", "/"],
  [":authority", "www.example.com"],
];
const REQUESTS: readonly (readonly Field[])[] = [
  GET,
  [...GET, ["cache-control", "no-cache"]],
  [
    [":method", "GET"],
    [":scheme", "https"],
    [":path", "/index.html"],
    [":authority", "www.example.com"],
    ["custom-key", "custom-value"],
  ],
];

describe("RFC 7541, appendix C", () => {
  test.each([
    [
      "C.2.1, with indexing",
      "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572",
      ["custom-key", "custom-header"],
    ],
    ["C.2.2, without", "040c 2f73 616d 706c 652f 7061 7468", [":path", "/sample/path"]],
    ["C.2.3, never", "1008 7061 7373 776f 7264 0673 6563 7265 74", ["password", "secret"]],
    ["C.2.4, indexed", "82", [":method", "GET"]],
  ] as const)("%s", (_, block, field) => {
    expect(decode(new HpackDecoder(4096), hex(block))).toEqual([field]);
  });

  test.each([
    [
      "C.3, plain",
      [
        "8286 8441 0f77 7777 2e65 7861 6d70 6c65 2e63 6f6d",
        "8286 84be 5808 6e6f 2d63 6163 6865",
        "8287 85bf 400a 6375 7374 6f6d 2d6b 6579 0c63 7573 746f 6d2d 7661 6c75 65",
      ],
    ],
    [
      "C.4, Huffman",
      [
        "8286 8441 8cf1 e3c2 e5f2 3a6b a0ab 90f4 ff",
        "8286 84be 5886 a8eb 1064 9cbf",
        "8287 85bf 4088 25a8 49e9 5ba9 7d7f 8925 a849 e95b b8e8 b4bf",
      ],
    ],
  ] as const)("%s", (_, blocks) => {
    const decoder = new HpackDecoder(4096);
    expect(blocks.map((block) => decode(decoder, hex(block)))).toEqual(REQUESTS);
  });

  test("C.6: responses push entries out of a table of 256 bytes", () => {
    const decoder = new HpackDecoder(256);
    const blocks = [
      "4882 6402 5885 aec3 771a 4b61 96d0 7abe 9410 54d4 44a8 2005 9504 0b81 66e0 82a6 2d1b ff6e 919d 29ad 1718 63c7 8f0b 97c8 e9ae 82ae 43d3",
      "4883 640e ffc1 c0bf",
      "88c1 6196 d07a be94 1054 d444 a820 0595 040b 8166 e084 a62d 1bff c05a 839b d9ab 77ad 94e7 821d d7f2 e6c7 b335 dfdf cd5b 3960 d5af 2708 7f36 72c1 ab27 0fb5 291f 9587 3160 65c0 03ed 4ee5 b106 3d50 07",
    ];
    const [date, later] = ["Mon, 21 Oct 2013 20:13:21 GMT", "Mon, 21 Oct 2013 20:13:22 GMT"];
    const location = "https://www.example.com";
    expect(blocks.map((block) => decode(decoder, hex(block)))).toEqual([
      [
        [":status", "302"],
        ["cache-control", "private"],
        ["date", date],
        ["location", location],
      ],
      [
        [":status", "307"],
        ["cache-control", "private"],
        ["date", date],
        ["location", location],
      ],
      [
        [":status", "200"],
        ["cache-control", "private"],
        ["date", later],
        ["location", location],
        ["content-encoding", "gzip"],
        ["set-cookie", "foo=ASDJKHQKBZXOQWEOPIUAXQWEOIU; max-age=3600; version=1"],
      ],
    ]);
  });
});

test.each([
  ["index 0", "80"],
  ["an index beyond the tables", "be"],
  ["an integer that never ends", "ff ffff ffff ffff"],
  ["an integer longer than it needs to be", "ff 8080 8080 8000"],
  ["a text longer than the block", "0003 6162"],
  ["a name that is cut off", "40"],
  ["the end-of-string symbol", "0084 ffff ffff 00"],
  ["padding of 8 bits", "0082 ffff 00"],
  ["padding that is not ones", "0081 1800"],
  ["a table larger than allowed", "3fe2 1f"],
  ["a size behind a field", "8220"],
])("refused: %s", (_, block) => {
  expect(decode(new HpackDecoder(4096), hex(block))).toBeUndefined();
});

test("a peer's smaller table is told, the least and the last", () => {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder(4096);
  const fields: readonly Field[] = [["x-tenant", "blue"]];
  decode(decoder, encode(encoder, fields));
  encoder.resize(0);
  encoder.resize(128);
  const block = encode(encoder, fields);
  expect(Buffer.from(block.subarray(0, 3)).toString("hex")).toBe("203f61");
  expect(decode(decoder, block)).toEqual(fields);
});

test("whatever has one hash: all that repeats is a byte or two the second time", () => {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder(4096);
  const fields = Array.from({ length: 48 }, (_, i): Field => [`x-field-${i}`, `value ${i * 7}`]);
  decode(decoder, encode(encoder, fields));
  for (let round = 0; round < 3; round++) {
    const block = encode(encoder, fields);
    expect(block.length).toBeLessThanOrEqual(2 * fields.length);
    expect(decode(decoder, block)).toEqual(fields);
  }
});

test("a literal that comes again and again is the field that it was, and an entry more each time", () => {
  const decoder = new HpackDecoder(128);
  const agent = "7a03 6f6e 65"; // user-agent, a name of the static table
  const custom = "400a 6375 7374 6f6d 2d6b 6579 0d63 7573 746f 6d2d 6865 6164 6572";
  const [first, other]: readonly Field[] = [
    ["user-agent", "one"],
    ["custom-key", "custom-header"],
  ] as const;
  expect(decode(decoder, hex(agent))).toEqual([first]);
  expect(decode(decoder, hex(custom))).toEqual([other]);
  // The table has room for two: each literal pushes out what came before the last one.
  expect(decode(decoder, hex(`${agent} be bf`))).toEqual([first, first, other]);
  expect(decode(decoder, hex(`${custom} ${custom} bebf`))).toEqual([other, other, other, other]);
  expect(decode(decoder, hex("7a03 6f6e 66"))).toEqual([["user-agent", "onf"]]);
  expect(decode(decoder, hex(`${agent} 7a03 6f6e`))).toBeUndefined();
});

test("a name is folded as it is written, and is its own alone", () => {
  const name = fc.uint8Array({ maxLength: 40 });
  fc.assert(
    fc.property(name, name, (one, another) => {
      const folded = new FoldedName();
      folded.take(another, 0, another.length);
      folded.take(one, 0, one.length);
      const text = one.map(lower);
      expect(folded.bytes().subarray(0, folded.length)).toEqual(text);
      expect(folded.is(wordsOf(text), text.length)).toBe(true);
      expect(folded.hash).toBe(hashOf(text, 0, text.length, NAME_SEED));
      const isSame = Buffer.compare(text, another) === 0;
      expect(folded.is(wordsOf(another), another.length)).toBe(isSame);
      expect(isSameText(wordsOf(another), another.length, text, 0, text.length)).toBe(isSame);
    }),
  );
});

test("what repeats is a byte the second time; a secret and what is volatile never are", () => {
  const encoder = new HpackEncoder();
  const decoder = new HpackDecoder(4096);
  const fields: readonly Field[] = [...GET.slice(0, 3), [":authority", "orders"], ["x-tenant", "blue"]];
  encode(encoder, fields);
  expect(encode(encoder, fields)).toHaveLength(fields.length);
  const secret: readonly Field[] = [
    ["authorization", "Bearer abc"],
    ["x-request-id", "0123"],
  ];
  const [first, second] = [encode(encoder, secret), encode(encoder, secret)];
  expect(second).toEqual(first);
  expect(first[0]! & 0xf0).toBe(0x10);
  expect(decode(decoder, first)).toEqual(secret);
});

test("texts are as they are where nobody asks for short ones", () => {
  const fields: readonly Field[] = [["x-request-id", "0123456789abcdef"]];
  const [plain, short] = [false, true].map((isShort) => encode(new HpackEncoder(isShort), fields));
  expect(Buffer.from(plain!).toString("latin1")).toContain("0123456789abcdef");
  expect(short!.length).toBeLessThan(plain!.length);
  expect(decode(new HpackDecoder(4096), plain!)).toEqual(fields);
});

const fieldName = fc.constantFrom("x-a", "x-b", "accept", "cookie", ":path", "date", "content-type", "X-Mixed");
const latin = fc.string({
  unit: fc.integer({ min: 0, max: 255 }).map((code) => String.fromCharCode(code)),
  maxLength: 40,
});

test("property: a decoder reads what an encoder wrote, over many blocks and changes of the table", () => {
  const block = fc.record({
    fields: fc.array(fc.tuple(fieldName, fc.oneof(latin, fc.constantFrom("a", "b"))), { maxLength: 12 }),
    size: fc.option(fc.integer({ min: 0, max: 8192 }), { nil: undefined }),
  });
  fc.assert(
    fc.property(fc.array(block, { maxLength: 12 }), fc.boolean(), (blocks, isShort) => {
      const encoder = new HpackEncoder(isShort);
      const decoder = new HpackDecoder(8192);
      for (const { fields, size } of blocks) {
        if (size !== undefined) encoder.resize(size);
        expect(decode(decoder, encode(encoder, fields))).toEqual(
          fields.map(([name, value]) => [name.toLowerCase(), value]),
        );
      }
    }),
    { numRuns: 500 },
  );
});

test("property: what stands at a place again is told from what stood there, whatever the table has lost meanwhile", () => {
  const name = fc.constantFrom(
    ":method",
    "accept",
    "Accept",
    "x-a",
    "X-A",
    "x-b",
    "te",
    "authorization",
    "x-request-id",
  );
  const value = fc.constantFrom("", "GET", "a", "b", "trailers", "~".repeat(40), "~".repeat(41), "é".repeat(500));
  const change = fc.record({
    at: fc.nat(9),
    field: fc.tuple(name, value),
    size: fc.option(fc.constantFrom(0, 40, 120, 4096), { nil: undefined }),
    isTrailers: fc.boolean(),
  });
  const first = fc.array(fc.tuple(name, value), { minLength: 1, maxLength: 10 });
  fc.assert(
    fc.property(first, fc.array(change, { maxLength: 30 }), (fields, changes) => {
      const [encoder, decoder] = [new HpackEncoder(), new HpackDecoder(4096)];
      const now: Field[] = [...fields];
      for (const { at, field, size, isTrailers } of changes) {
        if (size !== undefined) encoder.resize(size);
        now[at % now.length] = field;
        const said = isTrailers ? now.slice(0, 2) : now;
        expect(decode(decoder, encode(encoder, said))).toEqual(said.map(([n, v]) => [n.toLowerCase(), v]));
        if (!isTrailers)
          expect(decode(decoder, encode(encoder, said))).toEqual(said.map(([n, v]) => [n.toLowerCase(), v]));
      }
    }),
    { numRuns: 1000 },
  );
});

test("property: Huffman is its own inverse, and never longer than it says", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => {
      const out = new Uint8Array(huffmanBytes(bytes, 0, bytes.length));
      expect(encodeHuffman(bytes, 0, bytes.length, out, 0)).toBe(out.length);
      const back = new Uint8Array(decodedBytesMax(out.length));
      const end = decodeHuffman(out, 0, out.length, back, 0);
      expect([...back.subarray(0, end)]).toEqual([...bytes]);
    }),
    { numRuns: 1000 },
  );
});

test("property: no block of any bytes does more than be refused", () => {
  fc.assert(
    fc.property(fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 6 }), (blocks) => {
      const decoder = new HpackDecoder(4096);
      for (const block of blocks) if (decode(decoder, block) === undefined) return;
    }),
    { numRuns: 2000 },
  );
});

test("nothing is kept of bytes that the next block is read into, or written from", () => {
  const [encoder, decoder] = [new HpackEncoder(), new HpackDecoder(4096)];
  const said: readonly Field[] = [["x-said", "~~~~"]];
  for (let turn = 0; turn < 3; turn++) {
    const out = new Output();
    encoder.begin(out);
    // As sockets give them: of a Buffer, a slice is the same bytes. Huffman coding would make the value longer.
    const spans = Buffer.from("x-said~~~~");
    encoder.encode(out, spans, 0, 6, spans, 6, 10);
    spans.fill(0xdb);
    const block = Buffer.from(out.take());
    expect(decode(decoder, block)).toEqual(said);
    // The second time it is an index.
    expect(block.length === 1).toBe(turn > 0);
    block.fill(0xdb);
  }
});
