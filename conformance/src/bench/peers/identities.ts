/** An authority and SVIDs (ECDSA P-256) for the chain, made by openssl: nginx and the proxies take the same. */
import { execFileSync } from "node:child_process";
import { copyFileSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Tools } from "./tools.ts";

export const TRUST_DOMAIN = "bench.local";

export function spiffeIdOf(workload: string): string {
  return `spiffe://${TRUST_DOMAIN}/ns/default/sa/${workload}`;
}

/** Folders with svid.pem, svid_key.pem and svid_bundle.pem, by workload. */
export function makeIdentities(tools: Tools, folder: string, workloads: readonly string[]): Record<string, string> {
  const run = (...args: readonly string[]) => execFileSync(tools.openssl, args, { cwd: folder, stdio: "pipe" });
  const key = (path: string) => run("genpkey", "-algorithm", "EC", "-pkeyopt", "ec_paramgen_curve:P-256", "-out", path);
  key("ca.key");
  const authority = [
    "-addext",
    "basicConstraints=critical,CA:TRUE",
    "-addext",
    "keyUsage=critical,keyCertSign,cRLSign",
  ];
  run(
    "req",
    "-x509",
    "-new",
    "-key",
    "ca.key",
    "-days",
    "2",
    "-subj",
    "/O=bench",
    "-out",
    "ca.pem",
    ...authority,
    "-addext",
    `subjectAltName=URI:spiffe://${TRUST_DOMAIN}`,
  );
  return Object.fromEntries(
    workloads.map((workload) => {
      const place = join(folder, `identity-${workload}`);
      mkdirSync(place);
      key(join(place, "svid_key.pem"));
      run("req", "-new", "-key", join(place, "svid_key.pem"), "-subj", "/O=bench", "-out", `${workload}.csr`);
      writeFileSync(
        join(folder, `${workload}.ext`),
        `basicConstraints=critical,CA:FALSE
keyUsage=critical,digitalSignature
extendedKeyUsage=serverAuth,clientAuth
subjectAltName=URI:${spiffeIdOf(workload)}
`,
      );
      run(
        "x509",
        "-req",
        "-in",
        `${workload}.csr`,
        "-CA",
        "ca.pem",
        "-CAkey",
        "ca.key",
        "-CAcreateserial",
        "-days",
        "2",
        "-extfile",
        `${workload}.ext`,
        "-out",
        join(place, "svid.pem"),
      );
      copyFileSync(join(folder, "ca.pem"), join(place, "svid_bundle.pem"));
      return [workload, place];
    }),
  );
}
