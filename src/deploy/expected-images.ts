import type { Context } from "../action/context.ts";
import type { Change } from "../action/plan.ts";
import type { Aws } from "../aws/session.ts";
import { bringsImage, isOwnRegistry, parseReference, taggedDigest } from "../facts/image.ts";
import { isSeen, look, type NotSeen, type Seen } from "../facts/looking.ts";
import type { PushedImages } from "../facts/pushed-image.ts";
import type { ExpectedImages } from "./health.ts";

/** What is known of an image that pods of the release name. */
export interface ImageFact {
  readonly reference: string;
  /** The digest that pods must run; absent where nobody knows it. */
  readonly digest: string | undefined;
  /** Who says so. */
  readonly source: "pushed" | "reference" | "registry" | "upcoming" | "unknown";
  /** What the registry said, where it was asked: `absent`, or why it could not be. */
  readonly registry: Seen<"there" | "absent"> | undefined;
}

/** Which images are looked for, and what is known of them without asking. */
export interface ImageQuestions {
  readonly references: readonly string[];
  readonly pushed: PushedImages;
  /** Changes of earlier steps: what they bring counts as there. */
  readonly upcoming: readonly Change[];
  /** Absent where AWS is not asked. */
  readonly aws: (() => Promise<Aws>) | undefined;
}

/** The digest of each image reference: as pushed or recorded, as the reference itself pins it, else what its tag has in ECR. */
export function imageFacts(questions: ImageQuestions, ctx: Context): Promise<readonly ImageFact[]> {
  return Promise.all([...new Set(questions.references)].map((reference) => imageFact(reference, questions, ctx)));
}

async function imageFact(
  reference: string,
  { pushed, upcoming, aws }: ImageQuestions,
  ctx: Context,
): Promise<ImageFact> {
  const parts = parseReference(reference);
  const fitting = Object.values(pushed).find(({ repository, tag }) => reference.endsWith(`/${repository}:${tag}`));
  if (fitting) return { reference, digest: fitting.digest, source: "pushed", registry: undefined };
  if (parts?.digest) return { reference, digest: parts.digest, source: "reference", registry: undefined };
  if (parts && bringsImage(upcoming, `${parts.repository}:${parts.tag}`))
    return { reference, digest: undefined, source: "upcoming", registry: undefined };
  if (!parts || !aws) return { reference, digest: undefined, source: "unknown", registry: undefined };
  const hidden = (registry: NotSeen): ImageFact => ({ reference, digest: undefined, source: "unknown", registry });
  const session = await look(aws);
  if (!isSeen(session)) return hidden(session);
  if (!isOwnRegistry(parts.host, session))
    return hidden({ notSeen: `${parts.host} is no ECR of account ${session.account}` });
  const digest = await look(() => taggedDigest(parts, session, ctx.signal));
  if (!isSeen(digest)) return hidden(digest);
  return { reference, digest, source: "registry", registry: digest ? "there" : "absent" };
}

/** The digests that pods are held to, by reference. */
export function expectedImages(facts: readonly ImageFact[]): ExpectedImages {
  return Object.fromEntries(facts.flatMap(({ reference, digest }) => (digest ? [[reference, digest]] : [])));
}
