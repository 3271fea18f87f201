import type { Ambient } from "./context.ts";
import { type Input, InputProblem } from "./contract.ts";
import type { InputOptions } from "./inputs.ts";
import { Secret } from "./secret.ts";
import { asTextMap } from "./structured.ts";

/** A place that bytes come from, as users write it. A presigned URL is a secret; `label` is what may be shown. */
export type SourceRef =
  | { readonly kind: "path"; readonly path: string; readonly label: string }
  | { readonly kind: "s3"; readonly bucket: string; readonly key: string; readonly label: string }
  | { readonly kind: "url"; readonly url: Secret; readonly label: string };

/** Reads `./path`, `s3://bucket/key`, `https://...` or `env:NAME` (a presigned URL in a masked variable). */
export function parseSource(raw: unknown, ambient: Ambient): SourceRef {
  if (typeof raw !== "string") throw new InputProblem("must be a path, s3://bucket/key, https://... or env:NAME");
  const value = raw.trim();
  if (value.startsWith("env:")) return fromVariable(value.slice(4), ambient);
  if (value.startsWith("s3://")) return s3Source(value);
  if (/^https?:\/\//.test(value)) return urlSource(value, new Secret(value));
  if (value === "") throw new InputProblem("is empty");
  return { kind: "path", path: value, label: value };
}

function fromVariable(name: string, ambient: Ambient): SourceRef {
  const value = ambient.named(name);
  if (!value)
    throw new InputProblem(
      `names the variable ${name}, which is not set; give the step env: { ${name}: \${{ secrets.${name} }} }`,
    );
  const text = value.reveal();
  if (text.startsWith("s3://")) return s3Source(text);
  if (!URL.canParse(text) || !/^https?:/.test(text))
    throw new InputProblem(`names the variable ${name}, which holds no URL`);
  const url = new URL(text);
  return { kind: "url", url: value, label: `${fileNameOfUrl(url) || url.hostname} (presigned, env:${name})` };
}

function s3Source(value: string): SourceRef {
  const match = /^s3:\/\/([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])\/(.*)$/.exec(value);
  if (!match) throw new InputProblem(`must be s3://<bucket>/<key>; it is "${value}"`);
  return { kind: "s3", bucket: match[1]!, key: match[2]!, label: value };
}

function urlSource(value: string, secret: Secret): SourceRef {
  if (!URL.canParse(value)) throw new InputProblem("is no valid URL");
  const url = new URL(value);
  if (
    url.username ||
    url.password ||
    /(^|[?&])(x-amz-signature|x-amz-credential|signature|sig|token)=/i.test(url.search)
  ) {
    throw new InputProblem("holds a signed URL in plain text; pass it as a masked variable and write env:NAME");
  }
  return { kind: "url", url: secret, label: `${url.origin}${url.pathname}` };
}

/** What a place is called: the last part of its path, empty where it has none. */
export function fileNameOf(ref: SourceRef): string {
  if (ref.kind === "url") return fileNameOfUrl(new URL(ref.url.reveal()));
  const path = ref.kind === "path" ? ref.path : ref.key;
  return path.split(/[/\\]/).findLast((part) => part !== "" && part !== ".") ?? "";
}

/** The name of the file that a URL leads to, empty where it has none; as it stands where its percent signs encode nothing. */
export function fileNameOfUrl(url: URL): string {
  const name = url.pathname.split("/").findLast((part) => part !== "") ?? "";
  try {
    return decodeURIComponent(name);
  } catch {
    return name;
  }
}

/** An input that names one source. */
export function source(options: InputOptions): Input<SourceRef | undefined> {
  return { type: "source", ...options, parse: parseSource };
}

/** An input that maps keys to sources. */
export function sources(options: InputOptions): Input<Readonly<Record<string, SourceRef>>> {
  const parse = (raw: unknown, ambient: Ambient) =>
    Object.fromEntries(Object.entries(asTextMap(raw)).map(([key, value]) => [key, parseSource(value, ambient)]));
  return { type: "map of sources", default: "", ...options, parse };
}
