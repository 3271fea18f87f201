/** How a model server was started. */
export interface ModelSettings {
  /** The served name that requests must give. */
  readonly name: string;
  /** A completion model has no chat template. */
  readonly type: "chat" | "completion";
  /** Bearer key of the guarded paths; undefined: none is wanted. */
  readonly key: string | undefined;
  /** Whether a chat model thinks when it is asked to. */
  readonly thinks: boolean;
  /** Whether it was started with the means to call tools. */
  readonly callsTools: boolean;
  /** Longest prompt and answer, in tokens. */
  readonly maxLength: number;
}

/** Reads the settings from a container's command line and environment, as `vllm serve` does. */
export function settingsOf(args: readonly string[], env: ReadonlyMap<string, string>): ModelSettings {
  const option = (name: string) => {
    const joined = args.find((arg) => arg.startsWith(`--${name}=`));
    if (joined !== undefined) return joined.slice(name.length + 3);
    const at = args.indexOf(`--${name}`);
    return at < 0 ? undefined : args[at + 1];
  };
  const path = args[args.indexOf("serve") + 1] ?? "/models";
  const type = option("model-type") ?? env.get("MODEL_TYPE") ?? "agent";
  return {
    name: option("served-model-name") ?? env.get("SERVED_MODEL_NAME") ?? env.get("MODEL_NAME") ?? path,
    type: type === "completion" ? "completion" : "chat",
    key: option("api-key") ?? (env.get("VLLM_API_KEY") || undefined),
    thinks: type !== "completion",
    callsTools: args.includes("--enable-auto-tool-choice"),
    maxLength: Number(option("max-model-len") ?? (type === "agent_small" ? 32_768 : 131_072)),
  };
}
