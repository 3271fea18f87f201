/** Values below this many characters are no secrets, and masking them would spoil ordinary text. */
const shortest = 3;
/** Encoded forms of shorter values could stand in a text by chance. */
const shortestEncoded = 8;

/** Parts of a presigned URL that give access by themselves; a service's error may quote them without the rest. */
const signatures = /^(x-amz-signature|x-amz-security-token|signature|sig|token|access_token)$/i;

/** Values that must not be seen, longest first, so that a part of one never spoils another. */
export class Masks {
  private values: string[] = [];
  private readonly known = new Set<string>();

  /**
   * Masks the value, each of its lines (a runner's log is masked line by line) and, of a URL, its signature and token.
   * Gives what GitHub's runner must be told. It derives encoded forms by itself, but only for its log: summaries, outputs, reports and a terminal are
   * ours alone, so those forms are masked here too.
   */
  add(value: string): readonly string[] {
    const plain = [...new Set([value, ...value.split(/\r?\n/), ...signaturesIn(value)])].filter(
      (part) => part.trim().length >= shortest && !this.known.has(part),
    );
    for (const part of [...plain, ...plain.flatMap(encodedForms)]) this.known.add(part);
    this.values = [...this.known].sort((a, b) => b.length - a.length);
    return plain;
  }

  apply(text: string): string {
    let masked = text;
    for (const value of this.values) masked = masked.replaceAll(value, "***");
    return masked;
  }
}

function signaturesIn(value: string): readonly string[] {
  if (!/^https?:\/\//.test(value) || !URL.canParse(value)) return [];
  const { search, searchParams, password } = new URL(value);
  const found = [...searchParams].filter(([name]) => signatures.test(name)).map(([, secret]) => secret);
  return [...found, ...(found.length > 0 ? [search.slice(1)] : []), password].filter((part) => part !== "");
}

/** How a value looks inside a JSON string, a URL, XML, and base64 text (of a Secret, of a basic authorization). */
function encodedForms(value: string): readonly string[] {
  if (value.length < shortestEncoded) return [];
  const json = JSON.stringify(value).slice(1, -1);
  const url = encodeURIComponent(value.toWellFormed());
  const xml = value
    .replaceAll("&", "&amp;")
    .replaceAll("<", "&lt;")
    .replaceAll(">", "&gt;")
    .replaceAll('"', "&quot;")
    .replaceAll("'", "&apos;");
  const forms = [json, url, url.replaceAll("%20", "+"), xml, ...base64Forms(value)];
  return forms.filter((form) => form !== value && form.length >= shortestEncoded);
}

/** Base64 works in groups of three bytes, so a value has three looks, by where in a text it begins; edges that mix with its neighbours stay out. */
function base64Forms(value: string): readonly string[] {
  const bytes = Buffer.from(value);
  return [0, 1, 2].flatMap((before) => {
    const text = Buffer.concat([Buffer.alloc(before), bytes]).toString("base64");
    const start = Math.ceil((before * 8) / 6);
    const end = Math.floor(((before + bytes.length) * 8) / 6);
    const form = text.slice(start, end);
    return [form, form.replaceAll("+", "-").replaceAll("/", "_")];
  });
}
