import type { Descriptor } from "../oci/descriptor.ts";

/** How one blob came into its repository; `lost`: its bytes passed once, the connection broke, and they must pass again. */
export type Arrival = "sent" | "mounted" | "present" | "lost";

/** What became of an image's blobs, for the report. */
export interface Pushed {
  readonly name: string;
  /** Blobs that were sent, mounted from another repository, or there already. */
  readonly sent: number;
  readonly mounted: number;
  readonly present: number;
  readonly bytesSent: number;
  readonly seconds: number;
}

/** What a push came to. */
export interface PushResult {
  readonly images: readonly Pushed[];
  readonly bytesUploaded: number;
}

export function pushedOf(
  name: string,
  arrivals: readonly { readonly blob: Descriptor; readonly how: Arrival }[],
  milliseconds: number,
): Pushed {
  const by = (how: Arrival) => arrivals.filter((arrival) => arrival.how === how);
  return {
    name,
    sent: by("sent").length,
    mounted: by("mounted").length,
    present: by("present").length,
    bytesSent: by("sent").reduce((sum, { blob }) => sum + blob.size, 0),
    seconds: milliseconds / 1_000,
  };
}
