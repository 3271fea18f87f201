/** What can be made wrong with a model server's answers. `after` counts the events of a stream that still come. */
export type ModelTrouble =
  /** The connection breaks in mid-stream. */
  | { readonly kind: "cut"; readonly after: number }
  /** The stream stays open and silent. */
  | { readonly kind: "stall"; readonly after: number }
  /** The engine dies after the 200: an error event, then `[DONE]` as vLLM sends it. */
  | { readonly kind: "error"; readonly after: number; readonly done?: boolean }
  /** The stream ends cleanly, without `[DONE]`. */
  | { readonly kind: "no-done" }
  /** No token comes. */
  | { readonly kind: "empty" }
  /** The stream never ends. */
  | { readonly kind: "endless" }
  /** The answer is no JSON. */
  | { readonly kind: "malformed" }
  /** The answer names another model, as servers do that ignore the asked name. */
  | { readonly kind: "wrong-model"; readonly name: string }
  /** No key is asked for. */
  | { readonly kind: "open" }
  /** Every key is refused. */
  | { readonly kind: "locked" }
  /** `/health` answers 503. */
  | { readonly kind: "unhealthy" }
  /** Milliseconds of real time to the first token and between tokens. */
  | { readonly kind: "slow"; readonly firstToken: number; readonly token: number };

export type ModelTroubleKind = ModelTrouble["kind"];

/** Troubles of one server, or of all servers of a world: until they are cleared. */
export class ModelTroubles {
  private armed: { readonly trouble: ModelTrouble; readonly models: RegExp }[] = [];

  /** Lets the trouble happen to the models whose served name matches. Returns how to end it. */
  add(trouble: ModelTrouble, models = /^/): () => void {
    const entry = { trouble, models };
    this.armed.push(entry);
    return () => {
      this.armed = this.armed.filter((other) => other !== entry);
    };
  }

  clear(): void {
    this.armed = [];
  }

  of<K extends ModelTroubleKind>(kind: K, model: string): Extract<ModelTrouble, { kind: K }> | undefined {
    const entry = this.armed.find(({ trouble, models }) => trouble.kind === kind && models.test(model));
    return entry?.trouble as Extract<ModelTrouble, { kind: K }> | undefined;
  }
}
