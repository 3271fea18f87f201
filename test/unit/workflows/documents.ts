import { readdirSync } from "node:fs";
import { dirname, join, normalize } from "node:path";
import { Lexer, type Token, type Tokens } from "marked";
import { root, textOf } from "./files.ts";

const generated = new Set(["node_modules", "demo-output", "build", ".cache", ".git"]);

/** All markdown files of the repository. */
export const documents = markdownBelow("");

function markdownBelow(folder: string): readonly string[] {
  return readdirSync(join(root, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) return generated.has(entry.name) ? [] : markdownBelow(path);
    return entry.name.endsWith(".md") ? [path] : [];
  });
}

/** A fenced block of a document. */
export interface Block {
  readonly path: string;
  readonly language: string;
  readonly text: string;
}

function tokensOf(path: string): readonly Token[] {
  const all: Token[] = [];
  const visit = (token: Token): void => {
    all.push(token);
    for (const inner of childrenOf(token)) visit(inner);
  };
  for (const token of new Lexer().lex(textOf(path))) visit(token);
  return all;
}

function childrenOf(token: Token): readonly Token[] {
  if (token.type === "list") return (token as Tokens.List).items;
  if (token.type === "table") {
    const { header, rows } = token as Tokens.Table;
    return [header, ...rows].flat().flatMap((cell) => cell.tokens);
  }
  return (token as Tokens.Generic).tokens ?? [];
}

function ofType<T extends Token>(path: string, ...types: readonly string[]): readonly T[] {
  return tokensOf(path).filter((token) => types.includes(token.type)) as T[];
}

export function blocksOf(path: string): readonly Block[] {
  return ofType<Tokens.Code>(path, "code").map(({ lang = "", text }) => ({ path, language: lang, text }));
}

/** A link of a document to a file or heading of the repository. */
export interface Link {
  readonly from: string;
  readonly to: string;
  readonly anchor: string;
}

export function linksOf(path: string): readonly Link[] {
  return ofType<Tokens.Link | Tokens.Image>(path, "link", "image")
    .filter(({ href }) => !/^[a-z]+:/.test(href))
    .map(({ href }) => {
      const [target = "", anchor = ""] = href.split("#");
      return { from: path, to: target === "" ? path : normalize(join(dirname(path), target)), anchor };
    });
}

/** The anchors that GitHub makes of a document's headings. */
export function anchorsOf(path: string): readonly string[] {
  const seen = new Map<string, number>();
  return ofType<Tokens.Heading>(path, "heading").map(({ text }) => {
    const slug = text
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, "")
      .replaceAll(/\s/g, "-");
    const times = seen.get(slug) ?? 0;
    seen.set(slug, times + 1);
    return times === 0 ? slug : `${slug}-${times}`;
  });
}
