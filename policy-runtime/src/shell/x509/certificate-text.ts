/** The texts that crypto.x509.* take certificates from: PEM, base64 of PEM, base64 of DER. */
import { decodeBase64 } from "../base64.ts";
import { expectSize, expectString } from "../operands.ts";
import { readPemBlocks } from "../pem.ts";
import { type Certificate, parseCertificates as parseDer } from "./certificate.ts";
import { withUriStrings } from "./certificate-json.ts";

const TEXT_BYTES_MAX = 512 * 1024;

/** Throws where the text is none of these. Behind the last PEM block may stand anything. */
export function readCertificates(value: unknown): readonly Certificate[] {
  const text = expectSize(expectString(value, 1), TEXT_BYTES_MAX, "the certificates");
  if (text.startsWith("-----BEGIN")) return ofPem(text);
  const bytes = decodeBase64(text);
  return bytes.subarray(0, 10).toString("latin1").startsWith("-----BEGIN") ? ofPem(bytes.toString()) : parseDer(bytes);
}

function ofPem(text: string): readonly Certificate[] {
  const blocks = readPemBlocks(text);
  for (const { type } of blocks) {
    if (type !== "CERTIFICATE") throw new Error(`PEM block type is '${type}', expected CERTIFICATE`);
  }
  return parseDer(Buffer.concat(blocks.map(({ bytes }) => bytes)));
}

export function parseCertificates(value: unknown): readonly object[] {
  return readCertificates(value).map(withUriStrings);
}
