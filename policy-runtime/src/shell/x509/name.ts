/** Distinguished names as Go's pkix.Name prints in JSON. */
import { arcsOf, childrenOf, type DerNode, stringOf } from "./der.ts";

const LISTS: Readonly<Record<string, string>> = {
  "2.5.4.6": "Country",
  "2.5.4.7": "Locality",
  "2.5.4.8": "Province",
  "2.5.4.9": "StreetAddress",
  "2.5.4.10": "Organization",
  "2.5.4.11": "OrganizationalUnit",
  "2.5.4.17": "PostalCode",
};

export type Name = { [field: string]: unknown };

export function nameOf(node: DerNode): Name {
  const lists: Record<string, string[] | null> = Object.fromEntries(Object.values(LISTS).map((field) => [field, null]));
  const names: { Type: readonly number[]; Value: string }[] = [];
  let commonName = "";
  let serialNumber = "";
  for (const attribute of childrenOf(node).flatMap(childrenOf)) {
    const [type, value] = childrenOf(attribute) as unknown as readonly [DerNode, DerNode];
    const arcs = arcsOf(type);
    const oid = arcs.join(".");
    const text = stringOf(value);
    names.push({ Type: arcs, Value: text });
    const field = LISTS[oid];
    if (field !== undefined) lists[field] = [...(lists[field] ?? []), text];
    else if (oid === "2.5.4.3") commonName = text;
    else if (oid === "2.5.4.5") serialNumber = text;
  }
  return { ...lists, SerialNumber: serialNumber, CommonName: commonName, Names: names, ExtraNames: null };
}
