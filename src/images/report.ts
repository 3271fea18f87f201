import { count, size } from "../action/describe.ts";
import type { Block } from "../action/summary.ts";
import type { Cargo } from "./cargo.ts";
import type { ImageInputs } from "./connect.ts";
import type { PlacedImage } from "./plan.ts";
import type { Pushed, PushResult } from "./push/pushed.ts";

/** One sentence about what happened to the images. */
export function imagesHeadline(
  images: Readonly<Record<string, PlacedImage>> | undefined,
  result: PushResult | undefined,
  dryRun: boolean,
): string {
  const names = Object.keys(images ?? {});
  if (!images) return dryRun ? "The bundle's images are known once it was read." : "No image was pushed.";
  const pushed = Object.values(images).filter(({ state }) => state === "pushed").length;
  if (pushed === 0)
    return `${count(names.length, "image")} ${names.length === 1 ? "is" : "are"} in the registry already.`;
  if (dryRun) return `${count(pushed, "image")} of ${names.length} would be pushed.`;
  const bytes = result ? `, ${size(result.bytesUploaded)} sent` : "";
  return `${count(pushed, "image")} of ${names.length} pushed and read back by digest${bytes}.`;
}

/** What is to be said of `bundle-sha256` where an uncompressed bundle was not read: its images stand by their own digests. */
export function unreadNote(
  { bundleSha256 }: Pick<ImageInputs, "bundleSha256">,
  cargo: Pick<Cargo, "kind"> | undefined,
  pushes: readonly unknown[] | undefined,
): string | undefined {
  if (bundleSha256 === undefined || cargo?.kind !== "archives" || pushes?.length !== 0) return undefined;
  return "`bundle-sha256` was not compared: no layer was read, because every image stands under the digest that the bundle's own index gives it.";
}

/** Names what the bundle holds and nobody asked for. */
export function leftOutNote(leftOut: readonly string[] | undefined): string | undefined {
  if (!leftOut?.length) return undefined;
  return `Left out, because \`images\` does not name ${leftOut.length === 1 ? "it" : "them"}: ${leftOut.join(", ")}.`;
}

/** The table of images: what is where, and what it cost; below it the notes. */
export function imagesBlocks(
  images: Readonly<Record<string, PlacedImage>> | undefined,
  platforms: Readonly<Record<string, readonly string[]>>,
  result: PushResult | undefined,
  total: number | undefined,
  notes: readonly (string | undefined)[],
): readonly Block[] {
  if (!images) return [];
  const longest = Math.max(0, ...(result?.images ?? []).map(({ seconds }) => seconds));
  const rows = Object.entries(images).map(([name, image]) => {
    const pushed = result?.images.find((each) => each.name === name);
    return [
      `\`${image.repository}\``,
      `\`${image.tag}\``,
      `\`${image.digest.slice(0, 19)}\``,
      image.size === undefined ? "" : size(image.size),
      (platforms[name] ?? []).join(", "),
      ...(pushed ? cost(pushed) : [image.state, "", ""]),
    ];
  });
  const sum = (key: "sent" | "mounted" | "present" | "bytesSent") =>
    (result?.images ?? []).reduce((all, image) => all + image[key], 0);
  const together = { sent: sum("sent"), mounted: sum("mounted"), present: sum("present"), bytesSent: sum("bytesSent") };
  if (rows.length > 1 && total !== undefined)
    rows.push([
      "total, shared layers once",
      "",
      "",
      size(total),
      "",
      ...(result?.images.length ? cost({ ...together, seconds: longest }) : ["", "", ""]),
    ]);
  return [
    {
      kind: "table",
      head: ["repository", "tag", "digest", "size", "platforms", "layers sent / mounted / present", "s", "MB/s"],
      rows,
      right: [3, 6, 7],
    },
    ...notes.flatMap((note) => (note === undefined ? [] : [{ kind: "text", text: note } as const])),
  ];
}

function cost(image: Omit<Pushed, "name">): readonly [string, string, string] {
  const { sent, mounted, present, bytesSent, seconds } = image;
  const rate = seconds > 0 ? (bytesSent / 1e6 / seconds).toFixed(0) : "";
  return [`${sent} / ${mounted} / ${present}`, seconds.toFixed(1), rate];
}
