/**
 * The whole input document, made only for policies that use `input` in a way that slots
 * do not cover (as a value, with a key known at run time only, under `with`).
 * Its rules: opa-envoy-plugin's request document, fields that are not populated left out,
 * and beside it `source` and `destination`.
 */
import {
  CTX_DESTINATION_ADDRESS, CTX_DESTINATION_PORT, CTX_DESTINATION_PRINCIPAL, CTX_NAMESPACE, CTX_PRINCIPAL,
  CTX_SCHEME, CTX_SERVICE, CTX_SERVICE_ACCOUNT, CTX_SOURCE_ADDRESS, CTX_SOURCE_PORT, CTX_TRUST_DOMAIN, FIELD_CONTENT_LENGTH,
  PROTOCOL_BYTES,
} from "../layout";
import { makeObject, objectInsert } from "../value/object";
import { FALSE_VALUE, NULL_VALUE, makeText } from "../value/value";
import { authorityValue, headersValue, knownFieldValue, methodValue, targetValue } from "./fields";
import { protocolPtr } from "./head";
import { contextField, destination, requestId } from "./region";
import { parsedPathValue, parsedQueryValue } from "./target";
import { textOf } from "./text";
import { requestTimeValue } from "./time";

export function documentValue(): usize {
  const input = makeObject(9);
  put(input, "attributes", attributesValue());
  put(input, "version", versionValue());
  put(input, "parsed_path", parsedPathValue());
  put(input, "parsed_query", parsedQueryValue());
  put(input, "parsed_body", NULL_VALUE);
  put(input, "truncated_body", FALSE_VALUE);
  put(input, "source_principal", contextField(CTX_PRINCIPAL));
  put(input, "source", sourceValue());
  put(input, "destination", destination);
  return input;
}

export function sourceValue(): usize {
  const source = makeObject(4);
  put(source, "principal", contextField(CTX_PRINCIPAL));
  put(source, "trustDomain", contextField(CTX_TRUST_DOMAIN));
  put(source, "namespace", contextField(CTX_NAMESPACE));
  put(source, "serviceAccount", contextField(CTX_SERVICE_ACCOUNT));
  return source;
}

function versionValue(): usize {
  const version = makeObject(2);
  put(version, "ext_authz", makeText("v3"));
  put(version, "encoding", makeText("protojson"));
  return version;
}

function attributesValue(): usize {
  const attributes = makeObject(3);
  put(attributes, "source", peerValue(CTX_SOURCE_ADDRESS, CTX_SOURCE_PORT, CTX_PRINCIPAL));
  const destination = peerValue(CTX_DESTINATION_ADDRESS, CTX_DESTINATION_PORT, CTX_DESTINATION_PRINCIPAL);
  put(destination, "service", contextField(CTX_SERVICE));
  put(attributes, "destination", destination);
  const request = makeObject(2);
  put(request, "time", requestTimeValue());
  put(request, "http", httpValue());
  put(attributes, "request", request);
  return attributes;
}

function peerValue(address: i32, port: i32, principal: i32): usize {
  const socketAddress = makeObject(2);
  put(socketAddress, "address", contextField(address));
  put(socketAddress, "portValue", contextField(port));
  const wrapped = makeObject(1);
  put(wrapped, "socketAddress", socketAddress);
  const peer = makeObject(3);
  put(peer, "address", wrapped);
  put(peer, "principal", contextField(principal));
  return peer;
}

export function httpValue(): usize {
  const http = makeObject(8);
  put(http, "id", requestId);
  put(http, "method", methodValue());
  put(http, "headers", headersValue());
  put(http, "path", targetValue());
  put(http, "host", authorityValue());
  put(http, "scheme", contextField(CTX_SCHEME));
  put(http, "protocol", protocolValue());
  put(http, "size", knownFieldValue(FIELD_CONTENT_LENGTH));
  return http;
}

export function protocolValue(): usize {
  return textOf(protocolPtr(), PROTOCOL_BYTES);
}

/** An absent value leaves the key out. */
function put(object: usize, key: string, value: usize): void {
  if (value != 0) objectInsert(object, makeText(key), value);
}
