/** DER of a certificate with given facts and a signature of nonsense: enough for what reads facts only. */
import forge from "node-forge";

export type CertificateOptions = {
  readonly uris?: readonly string[];
  readonly dnsNames?: readonly string[];
  /** undefined leaves basicConstraints out. */
  readonly isCa?: boolean | undefined;
  /** Bits of keyUsage, highest first: `1` digitalSignature, sixth keyCertSign, seventh cRLSign; undefined leaves it out. */
  readonly keyUsage?: string | undefined;
  readonly notBefore?: string;
  readonly notAfter?: string;
  /** The extension subjectAltName a second time. */
  readonly repeatsNames?: boolean;
};

const { asn1 } = forge;
const { Class, Type } = asn1;

export function makeCertificate(options: CertificateOptions): Uint8Array {
  const names = extension("2.5.29.17", sequence(...namesOf(options)));
  const extensions = [names, ...(options.repeatsNames ? [names] : [])];
  if (options.isCa !== undefined) {
    extensions.push(extension("2.5.29.19", sequence(...(options.isCa ? [primitive(Type.BOOLEAN, "\xff")] : []))));
  }
  if (options.keyUsage !== undefined) extensions.push(extension("2.5.29.15", bitString(options.keyUsage)));
  const algorithm = sequence(primitive(Type.OID, asn1.oidToDer("1.2.840.10045.4.3.2").getBytes()));
  const certificate = sequence(
    sequence(
      context(0, primitive(Type.INTEGER, "\x02")),
      primitive(Type.INTEGER, "\x01"),
      algorithm,
      sequence(),
      sequence(
        primitive(Type.UTCTIME, options.notBefore ?? "200101000000Z"),
        primitive(Type.UTCTIME, options.notAfter ?? "300101000000Z"),
      ),
      sequence(),
      sequence(algorithm, primitive(Type.BITSTRING, "\0key")),
      context(3, sequence(...extensions)),
    ),
    algorithm,
    primitive(Type.BITSTRING, "\0signature"),
  );
  return Uint8Array.from(asn1.toDer(certificate).getBytes(), (character) => character.charCodeAt(0));
}

function namesOf(options: CertificateOptions): forge.asn1.Asn1[] {
  return [
    ...(options.dnsNames ?? []).map((name) => asn1.create(Class.CONTEXT_SPECIFIC, 2 as never, false, name)),
    ...(options.uris ?? []).map((name) => asn1.create(Class.CONTEXT_SPECIFIC, 6 as never, false, name)),
  ];
}

function extension(oid: string, value: forge.asn1.Asn1): forge.asn1.Asn1 {
  return sequence(
    primitive(Type.OID, asn1.oidToDer(oid).getBytes()),
    primitive(Type.OCTETSTRING, asn1.toDer(value).getBytes()),
  );
}

function bitString(bits: string): forge.asn1.Asn1 {
  const byte = Number.parseInt(bits.padEnd(8, "0"), 2);
  return primitive(Type.BITSTRING, String.fromCharCode(8 - bits.length, byte));
}

function sequence(...parts: forge.asn1.Asn1[]): forge.asn1.Asn1 {
  return asn1.create(Class.UNIVERSAL, Type.SEQUENCE, true, parts);
}

function context(tag: number, part: forge.asn1.Asn1): forge.asn1.Asn1 {
  return asn1.create(Class.CONTEXT_SPECIFIC, tag as never, true, [part]);
}

function primitive(type: forge.asn1.Type, value: string): forge.asn1.Asn1 {
  return asn1.create(Class.UNIVERSAL, type, false, value);
}
