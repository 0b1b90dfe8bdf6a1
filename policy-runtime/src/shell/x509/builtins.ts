/** crypto.x509.* and crypto.parse_private_keys; digests are the module's own. */
import type { HostBuiltins } from "../../host-builtins.ts";
import { parseCertificates } from "./certificate-text.ts";
import { parseAndVerify, parseAndVerifyWith } from "./chain.ts";
import { parseKeyPair, parsePrivateKeys, parseRsaPrivateKey } from "./private-keys.ts";
import { parseCertificateRequest } from "./request.ts";

export function certificateBuiltins(): HostBuiltins {
  return {
    "crypto.parse_private_keys": parsePrivateKeys,
    "crypto.x509.parse_and_verify_certificates": parseAndVerify,
    "crypto.x509.parse_and_verify_certificates_with_options": parseAndVerifyWith,
    "crypto.x509.parse_certificate_request": parseCertificateRequest,
    "crypto.x509.parse_certificates": parseCertificates,
    "crypto.x509.parse_keypair": parseKeyPair,
    "crypto.x509.parse_rsa_private_key": parseRsaPrivateKey,
  };
}
