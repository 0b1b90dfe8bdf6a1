/** Options of crypto.x509.parse_and_verify_certificates_with_options. */
import { numberText } from "../../exact-json.ts";
import { expectNumber } from "../operands.ts";

export type VerifyOptions = {
  /** Nanoseconds since 1970. */
  readonly nowNs: bigint;
  /** "": any. */
  readonly dnsName: string;
  /** Numbers of Go's x509.ExtKeyUsage, at least one. */
  readonly usages: readonly number[];
};

const USAGES = [
  ...["Any", "ServerAuth", "ClientAuth", "CodeSigning", "EmailProtection", "IPSECEndSystem", "IPSECTunnel"],
  ...["IPSECUser", "TimeStamping", "OCSPSigning", "MicrosoftServerGatedCrypto", "NetscapeServerGatedCrypto"],
  ...["MicrosoftCommercialCodeSigning", "MicrosoftKernelCodeSigning"],
].map((name) => `KeyUsage${name}`);
const SERVER_AUTH = 1;

/** `nowNs` is the evaluation's time, which counts where the options have none. */
export function readVerifyOptions(given: { readonly [name: string]: unknown }, nowNs: unknown): VerifyOptions {
  let options: VerifyOptions = {
    nowNs: BigInt(Math.round(expectNumber(nowNs, Object.keys(given).length === 0 ? 2 : 3))),
    dnsName: "",
    usages: [SERVER_AUTH],
  };
  for (const [name, value] of Object.entries(given)) options = { ...options, ...readOption(name, value) };
  return options;
}

function readOption(name: string, value: unknown): Partial<VerifyOptions> {
  switch (name) {
    case "DNSName":
      if (typeof value !== "string") throw new Error("'DNSName' should be a string");
      return { dnsName: unquoted(value) };
    case "CurrentTime":
      return { nowNs: integerOf(name, value, "a valid int64 number") };
    case "MaxConstraintComparisons": // a limit that the look-up of constraints needs no more
      integerOf(name, value, "a valid number");
      return {};
    case "KeyUsages":
      return { usages: usagesOf(value) };
    default:
      throw new Error("invalid key option");
  }
}

/** As written: `1e18` is no integer to Go. */
function integerOf(name: string, value: unknown, kind: string): bigint {
  const text = numberText(value);
  if (text === undefined) throw new Error(`'${name}' should be a number`);
  if (!/^-?\d+$/.test(text) || BigInt.asIntN(64, BigInt(text)) !== BigInt(text)) {
    throw new Error(`'${name}' should be ${kind}`);
  }
  return BigInt(text);
}

function usagesOf(value: unknown): readonly number[] {
  if (!Array.isArray(value)) throw new Error("'KeyUsages' should be an Array or Set");
  const names = value.filter((name) => typeof name === "string").map(unquoted);
  const unknown = names.filter((name) => !USAGES.includes(name));
  if (unknown.length > 0) throw new Error(`invalid entries for 'KeyUsages' found: [${unknown.join(" ")}]`);
  return names.length === 0 ? [SERVER_AUTH] : names.map((name) => USAGES.indexOf(name));
}

function unquoted(text: string): string {
  let [start, end] = [0, text.length];
  while (start < end && text[start] === '"') start++;
  while (end > start && text[end - 1] === '"') end--;
  return text.slice(start, end);
}
