/** The parameters of a query-protocol request, or of one structure inside it. */
export class Form {
  private readonly values: ReadonlyMap<string, string>;

  constructor(values: ReadonlyMap<string, string>) {
    this.values = values;
  }

  static of(body: string): Form {
    return new Form(new Map(new URLSearchParams(body)));
  }

  get(name: string): string | undefined {
    return this.values.get(name);
  }

  number(name: string): number | undefined {
    const text = this.values.get(name);
    return text === undefined ? undefined : Number(text);
  }

  /** Values of a list of strings: `Name.member.1`, or `Name.1` as EC2 writes it. */
  list(name: string): readonly string[] {
    return this.indices(name).flatMap((prefix) => this.values.get(prefix) ?? []);
  }

  /** Items of a list of structures. */
  structures(name: string): readonly Form[] {
    return this.indices(name).map((prefix) => {
      const inner = [...this.values].filter(([key]) => key.startsWith(`${prefix}.`));
      return new Form(new Map(inner.map(([key, value]) => [key.slice(prefix.length + 1), value])));
    });
  }

  private indices(name: string): readonly string[] {
    const pattern = new RegExp(`^(${name.replaceAll(".", "\\.")}\\.(?:member\\.)?(\\d+))(?:\\.|$)`);
    const found = new Map<string, number>();
    for (const key of this.values.keys()) {
      const match = pattern.exec(key);
      if (match?.[1]) found.set(match[1], Number(match[2]));
    }
    return [...found].sort(([, a], [, b]) => a - b).map(([prefix]) => prefix);
  }
}
