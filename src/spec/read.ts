import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isScalar,
  isSeq,
  LineCounter,
  type Node,
  type Pair,
  parseAllDocuments,
  type Scalar,
  visit,
  type YAMLMap,
  type YAMLSeq,
} from "yaml";
import type { Position, Problem } from "../errors.ts";
import type { Placed, PlacedEntry, PlacedMap } from "./placed.ts";
import { plainTrap } from "./traps.ts";

/** Limits of a spec: bytes of the file, values after aliases are expanded, depth of nesting. */
export const specLimits = { bytes: 1_048_576, values: 50_000, depth: 60 } as const;

/** A spec as read: the tree with the place of every value, or everything that is wrong with its YAML. */
export interface ReadSpec {
  readonly root: Placed | undefined;
  readonly problems: readonly Problem[];
}

/**
 * Reads YAML 1.2 with the place of every value. Anchors and merge keys (`<<`) are expanded; duplicate keys, tabs as indentation, several
 * documents, tags, circular aliases and plain scalars that YAML 1.1 reads differently are problems. `file` is the name shown in positions.
 */
export function readSpec(text: string, file: string): ReadSpec {
  const lines = new LineCounter();
  const whole: Position = { file, line: 1, column: 1 };
  if (Buffer.byteLength(text) > specLimits.bytes)
    return failed({ happened: `the file is larger than ${specLimits.bytes} bytes`, at: whole });
  let documents: readonly Document.Parsed[];
  try {
    const parsed = parseAllDocuments(text, {
      lineCounter: lines,
      prettyErrors: true,
      version: "1.2",
      keepSourceTokens: true,
    });
    documents = Array.isArray(parsed) ? parsed : [];
  } catch (thrown) {
    if (thrown instanceof RangeError) return failed({ happened: "the file is nested too deeply", at: whole });
    throw thrown;
  }
  const [document, second] = documents;
  if (!document) return failed({ happened: "the file is empty", at: whole });
  const reader = new Reader(document, text, file, lines);
  reader.takeErrors(documents);
  if (second?.contents)
    reader.complain("the file holds several documents (---); a spec is one", second.contents.range?.[0] ?? 0);
  if (document.directives?.yaml.explicit && document.directives.yaml.version !== "1.2")
    reader.complain("the spec is YAML 1.2; remove the line %YAML", 0);
  if (reader.problems.length > 0) return { root: undefined, problems: reader.problems };
  if (document.contents === null) return failed({ happened: "the file is empty", at: whole });
  const root = reader.place(document.contents as Node, 0);
  return { root, problems: reader.problems };
}

function failed(problem: Problem): ReadSpec {
  return { root: undefined, problems: [problem] };
}

/** Turns the library's nodes into placed values; collects problems on the way. */
class Reader {
  readonly problems: Problem[] = [];
  private readonly text: string;
  private readonly file: string;
  private readonly lines: LineCounter;
  private readonly open = new Set<Node>();
  /** What each alias stands for: the last node before it with its anchor. */
  private readonly targets = new Map<Alias, Node>();
  private values = 0;

  constructor(document: Document.Parsed, text: string, file: string, lines: LineCounter) {
    this.text = text;
    this.file = file;
    this.lines = lines;
    const anchors = new Map<string, Node>();
    visit(document, {
      Node: (_, node) => {
        if ("anchor" in node && node.anchor) anchors.set(node.anchor, node);
      },
      Alias: (_, alias) => {
        const target = anchors.get(alias.source);
        if (target) this.targets.set(alias, target);
      },
    });
  }

  complain(happened: string, offset: number): void {
    this.problems.push({ happened, at: this.position(offset) });
  }

  takeErrors(documents: readonly Document.Parsed[]): void {
    for (const { errors, warnings } of documents) {
      for (const error of [...errors, ...warnings])
        this.complain(this.plainError(error.code, error.message, error.pos[0]), error.pos[0]);
    }
  }

  place(node: Node | null, depth: number): Placed {
    this.values += 1;
    if (node === null) return { kind: "scalar", value: null, source: "", at: this.position(0) };
    if (depth > specLimits.depth || this.values > specLimits.values)
      return this.refused(node, "the file is too large once its aliases are expanded, or nested too deeply");
    if (isAlias(node)) return this.followed(node, depth);
    if ((isMap(node) || isSeq(node)) && node.tag !== undefined && !/:(map|seq)$/.test(node.tag))
      return this.refused(node, `a value cannot carry the tag ${node.tag.replace("tag:yaml.org,2002:", "!!")}`);
    if (isMap(node)) return this.placedMap(node, depth);
    if (isSeq(node)) return this.placedList(node, depth);
    return this.placedScalar(node as Scalar);
  }

  private placedMap(map: YAMLMap, depth: number): PlacedMap {
    const entries = new Map<string, PlacedEntry>();
    const merged = new Map<string, PlacedEntry>();
    for (const pair of map.items as Pair<Node, Node | null>[]) {
      const key = this.keyText(pair.key);
      if (key === undefined) continue;
      if (isMergeKey(pair.key))
        for (const [name, entry] of this.mergedEntries(pair, depth)) merged.set(name, merged.get(name) ?? entry);
      else entries.set(key, { keyAt: this.positionOf(pair.key), value: this.valueOf(pair, depth) });
    }
    for (const [name, entry] of merged) if (!entries.has(name)) entries.set(name, entry);
    return { kind: "map", entries, at: this.positionOf(map) };
  }

  /** A key without a value is null, and stands where the key does. */
  private valueOf(pair: Pair<Node, Node | null>, depth: number): Placed {
    if (pair.value === null) return { kind: "scalar", value: null, source: "", at: this.positionOf(pair.key) };
    return this.place(pair.value, depth + 1);
  }

  /** `<<: *a` or `<<: [*a, *b]`: what stands beside it wins, then the earlier of the list. */
  private mergedEntries(pair: Pair<Node, Node | null>, depth: number): readonly (readonly [string, PlacedEntry])[] {
    const value = this.valueOf(pair, depth);
    const maps = value.kind === "list" ? value.items : [value];
    return maps.flatMap((item) => {
      if (item.kind === "map") return [...item.entries];
      this.problems.push({ happened: "<< merges maps only", at: this.positionOf(pair.key) });
      return [];
    });
  }

  private placedList(seq: YAMLSeq, depth: number): Placed {
    const items = (seq.items as (Node | null)[]).map((item) => this.place(item, depth + 1));
    return { kind: "list", items, at: this.positionOf(seq) };
  }

  private placedScalar(scalar: Scalar): Placed {
    const at = this.positionOf(scalar);
    const source = scalar.source ?? String(scalar.value ?? "");
    const trap = scalar.type === "PLAIN" && scalar.tag === undefined ? plainTrap(source, scalar.value) : undefined;
    if (trap) this.problems.push({ happened: trap, at });
    const { value } = scalar;
    if (value === null || typeof value === "string" || typeof value === "number" || typeof value === "boolean")
      return { kind: "scalar", value, source, at };
    return this.refused(scalar, `"${source}" is no text, number, true, false or null`);
  }

  private followed(alias: Alias, depth: number): Placed {
    const target = this.targets.get(alias);
    if (!target) return this.refused(alias, `*${alias.source} names no anchor`);
    if (this.open.has(target)) return this.refused(alias, `*${alias.source} leads back to itself`);
    this.open.add(target);
    const placed = this.place(target, depth + 1);
    this.open.delete(target);
    return placed;
  }

  private refused(node: Node, happened: string): Placed {
    const at = this.positionOf(node);
    if (!this.problems.some((problem) => problem.happened === happened)) this.problems.push({ happened, at });
    return { kind: "scalar", value: null, source: "", at };
  }

  private keyText(key: Node): string | undefined {
    const scalar = isAlias(key) ? this.targets.get(key) : key;
    if (isScalar(scalar)) return typeof scalar.value === "string" ? scalar.value : (scalar.source ?? "");
    this.refused(key, "a key must be plain text");
    return undefined;
  }

  private positionOf(node: Node): Position {
    return this.position(node.range?.[0] ?? 0);
  }

  private position(offset: number): Position {
    const { line, col } = this.lines.linePos(offset);
    return { file: this.file, line: Math.max(1, line), column: Math.max(1, col) };
  }

  private plainError(code: string, message: string, offset: number): string {
    if (code === "DUPLICATE_KEY")
      return `the key ${/^[^:\s]+/.exec(this.text.slice(offset))?.[0] ?? ""} stands here twice`;
    if (code === "RESOURCE_EXHAUSTION") return "the file is nested too deeply";
    if (code === "TAB_AS_INDENT") return "a tab is used as indentation; YAML takes spaces only";
    const first = message.split("\n")[0]!.replace(/ at line \d+, column \d+:?$/, "");
    return `${first.charAt(0).toLowerCase()}${first.slice(1)}`;
  }
}

function isMergeKey(key: Node): boolean {
  return isScalar(key) && key.type === "PLAIN" && key.value === "<<";
}
