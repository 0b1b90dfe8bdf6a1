/** Vectors that are rows of a table: paths, SPIFFE IDs, and the SVIDs of go-spiffe. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { checkPeer, PATH_LEVELS, type PathLevel, PathNormaliser, PathOutcome, parseSpiffeId } from "@regomesh/proxy";
import type { Outcome } from "../report.ts";
import type { PathRow, SpiffeIdRow } from "../vectors.ts";

export function judgePath(row: PathRow): Outcome {
  const base = { id: row.id, name: `${row.level} ${row.in}` };
  if (!(row.level in PATH_LEVELS)) return { ...base, why: "the level is unknown" };
  const got = normalised(row.level as PathLevel, row.in);
  return got === row.out ? base : { ...base, why: `${row.out} is wanted, ${got} is given` };
}

function normalised(level: PathLevel, path: string): string {
  const normaliser = new PathNormaliser();
  const bytes = Uint8Array.from(Buffer.from(path, "utf8"));
  const outcome = normaliser.normalise(level, bytes, 0, bytes.length);
  if (outcome === PathOutcome.refused) return "400";
  if (outcome === PathOutcome.unchanged) return path;
  return Buffer.from(normaliser.bytes.subarray(normaliser.start, normaliser.end)).toString("utf8");
}

export function judgeSpiffeId(row: SpiffeIdRow): Outcome {
  const base = { id: row.id, name: row.why };
  const isValid = parseSpiffeId(row.in) !== undefined;
  return isValid === row.valid
    ? base
    : { ...base, why: `${JSON.stringify(row.in)} is taken as ${isValid ? "valid" : "invalid"}` };
}

/** A file's certificates must pass, or be refused, as go-spiffe names them. */
export function judgeSvids(folder: string): readonly Outcome[] {
  const pems = join(folder, "svid-pem");
  if (!existsSync(pems)) return [];
  return readdirSync(pems)
    .filter((file) => file.endsWith(".pem") && !file.startsWith("key-"))
    .flatMap((file) => judgeSvid(file, readFileSync(join(pems, file), "latin1")));
}

const CERTIFICATE = /-----BEGIN CERTIFICATE-----([^-]*)-----END CERTIFICATE-----/g;
/** The certificates of 2020 were valid for an hour, the others for five years. */
const CLOCKS_MS = [Date.UTC(2020, 2, 24, 14, 30), Date.UTC(2020, 5, 1)];

function judgeSvid(file: string, pem: string): Outcome[] {
  const [leaf, ...issuers] = [...pem.matchAll(CERTIFICATE)].map((match) =>
    Uint8Array.from(Buffer.from(match[1] ?? "", "base64")),
  );
  if (leaf === undefined || file === "corrupt-key.pem") return []; // a key's matter
  const mustPass = file.startsWith("good-");
  const results = CLOCKS_MS.map((nowMs) => checkPeer({ der: leaf, issuers, trustDomain: "example.org", nowMs }));
  const passes = results.some((result) => result.kind === "peer");
  const base = { id: `svid-${file}`, name: file };
  if (passes === mustPass) return [base];
  return [{ ...base, why: `${mustPass ? "refused" : "accepted"}: ${JSON.stringify(results)}` }];
}
