/** An element of a request body; attributes and namespaces are of no account to S3. */
export interface Element {
  readonly name: string;
  readonly children: readonly Element[];
  readonly text: string;
}

/** The text is no well-formed XML document of elements and text. */
export class NotXml extends Error {}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
const token =
  /<\?[\s\S]*?\?>|<!--[\s\S]*?-->|<(\/?)([A-Za-z_][\w.:-]*)((?:\s+[\w.:-]+\s*=\s*(?:"[^"<]*"|'[^'<]*'))*)\s*(\/?)>|[^<]+/y;

interface Open {
  readonly name: string;
  readonly children: Element[];
  text: string;
}

/** Reads a small document; throws `NotXml`. No document types, so no entities of one's own. */
export function readXml(source: string): Element {
  const root: Open = { name: "", children: [], text: "" };
  const path: Open[] = [root];
  token.lastIndex = 0;
  while (token.lastIndex < source.length) {
    const match = token.exec(source);
    if (!match) throw new NotXml("markup that is not closed or not allowed");
    const [whole, closing, name, , empty] = match;
    const open = path.at(-1)!;
    if (name === undefined) {
      if (!whole.startsWith("<")) open.text += decoded(whole);
    } else if (closing) {
      if (path.length === 1 || open.name !== name) throw new NotXml(`</${name}> closes nothing`);
      path.pop();
      path.at(-1)!.children.push(open);
    } else {
      const element: Open = { name, children: [], text: "" };
      if (empty) open.children.push(element);
      else path.push(element);
    }
  }
  const [first] = root.children;
  if (path.length !== 1 || root.children.length !== 1 || !first || root.text.trim() !== "")
    throw new NotXml("not exactly one root element");
  return first;
}

/** Text of the only child of that name; undefined when there is none. */
export function childText(element: Element, name: string): string | undefined {
  const found = element.children.filter((child) => child.name === name);
  if (found.length > 1) throw new NotXml(`<${name}> more than once`);
  return found[0]?.text;
}

function decoded(text: string): string {
  return text.replace(/&(?:#(\d+)|#x([0-9a-fA-F]+)|(\w+));|&/g, (_all, decimal, hex, named) => {
    if (decimal !== undefined) return String.fromCodePoint(Number(decimal));
    if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
    const found = entities[String(named)];
    if (found === undefined) throw new NotXml("an unknown entity");
    return found;
  });
}
