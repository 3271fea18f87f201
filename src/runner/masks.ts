/** Values that must not be seen, longest first, so that a part of one never spoils another. */
export class Masks {
  private values: string[] = [];

  /** Lines of a value of several lines are masked one by one, as GitHub's runner does. Shorter than three characters is no secret. */
  add(value: string): readonly string[] {
    const added = [...new Set([value, ...value.split(/\r?\n/)])].filter(
      (part) => part.trim().length >= 3 && !this.values.includes(part),
    );
    this.values = [...this.values, ...added].sort((a, b) => b.length - a.length);
    return added;
  }

  apply(text: string): string {
    let masked = text;
    for (const value of this.values) masked = masked.replaceAll(value, "***");
    return masked;
  }
}
