/**
 * Secrets in what is told of a request: fields and query parameters whose name says that their
 * value is one, and values that are a token by their looks. What is masked is gone where it is
 * masked, so this happens at the source: the proxy that saw the request.
 */

export const MASK = "***";

/** Names of fields and parameters; more is masked than needs be rather than less. */
const SECRET_NAME =
  /^(proxy-)?authorization$|^(set-)?cookie2?$|token|secret|passw|pwd|api[-_]?key|credential|signature|session|assertion|private|^(x-)?(auth|sig|code|jwt|sid|key)$|^x-amz-security|^x-forwarded-client-cert$/i;

/** JSON Web Tokens, wherever they stand. */
const JWT = /eyJ[A-Za-z0-9_-]{4,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]*/g;

export function isSecretName(name: string): boolean {
  return SECRET_NAME.test(name);
}

/** A field's value as it may be shown. A scheme stays (`Bearer ***`), for it says what was tried. */
export function maskValue(name: string, value: string): string {
  if (!isSecretName(name)) return value.replace(JWT, MASK);
  const [, scheme] = /^(Bearer|Basic|Digest|Negotiate)\s/i.exec(value) ?? [];
  return scheme === undefined ? MASK : `${scheme} ${MASK}`;
}

/** A request target or URL: names of parameters stay, values of secret ones do not, nor does a password. */
export function maskTarget(target: string): string {
  const query = target.indexOf("?");
  const path = (query < 0 ? target : target.slice(0, query))
    .replace(JWT, MASK)
    .replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/@]*@/i, `$1${MASK}@`);
  if (query < 0) return path;
  const parts = target.slice(query + 1).split(/([&;])/);
  return `${path}?${parts.map(maskParameter).join("")}`;
}

function maskParameter(part: string): string {
  const at = part.indexOf("=");
  if (at < 0) return part.replace(JWT, MASK);
  const name = part.slice(0, at);
  return isSecretName(decoded(name)) ? `${name}=${MASK}` : part.replace(JWT, MASK);
}

function decoded(name: string): string {
  try {
    return decodeURIComponent(name.replaceAll("+", " "));
  } catch {
    return name;
  }
}
