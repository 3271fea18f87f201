/**
 * A value whose changes reach readers late, as IAM's do. Writers see the newest; readers what was written at least `delay` ago.
 * Times in milliseconds of the sandbox's clock.
 */
export class Eventual<T> {
  private readonly history: { readonly at: number; readonly value: T }[];

  constructor(initial: T, value: T, at: number) {
    this.history = [
      { at: Number.NEGATIVE_INFINITY, value: initial },
      { at, value },
    ];
  }

  get latest(): T {
    return this.history.at(-1)!.value;
  }

  set(value: T, at: number): void {
    this.history.push({ at, value });
  }

  /** Lets every reader see the newest value at once. */
  settle(): void {
    this.history.splice(0, this.history.length, { at: Number.NEGATIVE_INFINITY, value: this.latest });
  }

  /** The value that a reader sees at `now`. */
  seen(now: number, delay: number): T {
    for (let index = this.history.length - 1; index >= 0; index -= 1) {
      const entry = this.history[index]!;
      if (entry.at + delay <= now) return entry.value;
    }
    return this.history[0]!.value;
  }
}
