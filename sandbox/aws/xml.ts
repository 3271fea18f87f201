/** A list inside an XML document: each item becomes `<name>`. */
export class XmlList {
  readonly name: string;
  readonly items: readonly XmlValue[];

  constructor(name: string, items: readonly XmlValue[]) {
    this.name = name;
    this.items = items;
  }
}

export type XmlValue = string | number | boolean | Date | undefined | XmlList | { readonly [name: string]: XmlValue };

/** A list of the query protocol (`<member>`). */
export function members(items: readonly XmlValue[]): XmlList {
  return new XmlList("member", items);
}

/** `<?xml?>` and one root element, with its namespace. */
export function xmlDocument(root: string, namespace: string | undefined, value: XmlValue): string {
  const attribute = namespace === undefined ? "" : ` xmlns="${namespace}"`;
  return `<?xml version="1.0" encoding="UTF-8"?>\n<${root}${attribute}>${content(value)}</${root}>`;
}

/** Text made safe for an XML element. Carriage returns and control characters go as references, as AWS writes them. */
export function xmlText(text: string): string {
  return text.replace(/[&<>"\u0000-\u0008\u000b-\u001f]/g, (c) => {
    if (c === "&") return "&amp;";
    if (c === "<") return "&lt;";
    if (c === ">") return "&gt;";
    if (c === '"') return "&quot;";
    return `&#x${c.charCodeAt(0).toString(16).toUpperCase()};`;
  });
}

function content(value: XmlValue): string {
  if (value === undefined) return "";
  if (typeof value === "string") return xmlText(value);
  if (typeof value === "number" || typeof value === "boolean") return String(value);
  if (value instanceof Date) return value.toISOString().replace(/\.\d+Z$/, "Z");
  if (value instanceof XmlList) return value.items.map((item) => element(value.name, item)).join("");
  return Object.entries(value)
    .map(([name, inner]) => element(name, inner))
    .join("");
}

function element(name: string, value: XmlValue): string {
  if (value === undefined) return "";
  return `<${name}>${content(value)}</${name}>`;
}
