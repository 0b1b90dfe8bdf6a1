import { type Row, testRows } from "./runtime.ts";

const part = (value: unknown) =>
  Buffer.from(typeof value === "string" ? value : JSON.stringify(value)).toString("base64url");
const decodes = (token: string, wanted: string): Row => ["io.jwt.decode", [JSON.stringify(token)], wanted];

const header = { alg: "HS256" };
const token = `${part(header)}.${part('{"n": 9007199254740993, "n": 1e2}')}.${part("s!")}`;
const nested = (inner: string) => `${part({ alg: "HS256", cty: "JWT" })}.${part(`"${inner}"`)}.x`;
const deep = Array.from({ length: 9 }).reduce<string>((inner) => nested(inner), token);

testRows([
  decodes(token, '[{"alg":"HS256"},{"n":1e2},"7321"]'),
  decodes(nested(nested(token)), '[{"alg":"HS256"},{"n":1e2},"7321"]'),
  decodes(deep, "! eval_builtin_error: io.jwt.decode: the token is nested too deeply"),
  decodes("abc", "! encoded JWT had no period separators"),
  decodes("a.b", "! encoded JWT must have 3 sections, found 2"),
  decodes("a.b.c.d", "! encoded JWT must have 3 sections, found 4"),
  decodes("eyJh^.b.c", "! JWT header had invalid encoding: illegal base64 data at input byte 4"),
  decodes(`${part(header)}.${part([])}.`, "! decoded JSON type was not an Object"),
  decodes(`${part("{")}.${part({})}.`, "! bad JWT header: invalid JSON"),
  decodes(`${part({ enc: "x" })}.${part({})}.`, "! JWT is a JWE object, which is not supported"),
  ["io.jwt.decode", ["1"], "! eval_type_error: io.jwt.decode: operand 1 must be string but got number"],
]);
