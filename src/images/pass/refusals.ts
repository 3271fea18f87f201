import { RemoteError } from "../../errors.ts";

/** The refusal after too many passes. */
export function blobsLost(images: readonly string[]): RemoteError {
  return new RemoteError("REGISTRY_UNREACHABLE", {
    happened: `Connections to the registry kept breaking under large layers of ${images.join(", ")}; nothing of them was tagged.`,
    next: "Run again: finished blobs are not sent again. More memory keeps larger layers for another attempt; an extracted bundle needs none.",
  });
}
