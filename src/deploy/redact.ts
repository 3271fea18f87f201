import { stripVTControlCharacters } from "node:util";

const rules: readonly (readonly [RegExp, string])[] = [
  [/\b(AKIA|ASIA)[A-Z0-9]{12,}\b/g, "***"],
  [/([?&](?:X-Amz-(?:Signature|Credential|Security-Token)|Signature|sig|token)=)[^&\s"']+/gi, "$1***"],
  [/\b(authorization["']?\s*[:=]\s*["']?(?:bearer|basic)?\s*)[^\s"',]+/gi, "$1***"],
  [/\b(bearer\s+)[A-Za-z0-9._~+/=-]{8,}/gi, "$1***"],
  [
    /((?:secret|password|passwd|token|api[_-]?key|access[_-]?key(?:[_-]?id)?)["']?\s*[:=]\s*[[({"']*)[^\s"',;\])}]+/gi,
    "$1***",
  ],
  [/(--?[\w-]*(?:api-key|token|password|secret|access-key)\s+["']?)(?!-)[^\s"']+/gi, "$1***"],
  [/\b(?:hf_|sk-|ghp_|github_pat_|glpat-)[A-Za-z0-9_-]{8,}/g, "***"],
  [/\beyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]+\.[A-Za-z0-9_-]+/g, "***"],
];

/** A line of a foreign log or event without what looks like a credential, and without control characters; short enough for a table. */
export function redact(line: string, limit = 500): string {
  const plain = stripVTControlCharacters(line)
    .replace(/\p{Cc}+/gu, " ")
    .trim();
  const clean = rules.reduce((text, [pattern, shown]) => text.replace(pattern, shown), plain);
  return clean.length > limit ? `${clean.slice(0, limit)}...` : clean;
}
