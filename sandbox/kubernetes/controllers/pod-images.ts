import { createHash } from "node:crypto";
import type { Container, Pod } from "../types.ts";
import { fieldPath } from "./containers.ts";
import type { RunningPod } from "./running-pod.ts";

/** Time of a pull of the server's image, which is many GB. */
const pullMilliseconds = 20_000;
const firstBackOff = 10_000;
const longestBackOff = 300_000;

/** The images of one pod: pulled by reference, known by digest. */
export class PodImages {
  private readonly run: RunningPod;
  private readonly ids = new Map<string, string>();

  constructor(run: RunningPod) {
    this.run = run;
  }

  /** `<repository>@<digest>` of the image that the container runs. */
  imageId({ image }: Container): string {
    return this.ids.get(image) ?? "";
  }

  /** Pulls until it works; false when the pod went away meanwhile. A pull that failed is tried again after 10 s, 20 s, ... 5 minutes. */
  async pull(container: Container): Promise<boolean> {
    const { image } = container;
    for (let failures = 0; ; failures += 1) {
      const pod = this.run.live();
      if (!pod) return false;
      const present = this.run.parts.images.get(pod.spec.nodeName ?? "", image) ?? shipped(pod, image);
      if (present !== undefined && container.imagePullPolicy !== "Always") {
        this.tell(pod, container, "Normal", "Pulled", `Container image "${image}" already present on machine`);
        return this.have(image, present);
      }
      const trouble = this.run.parts.troubles.strike("pull", pod);
      const found = trouble ? { refused: trouble.message ?? notFound(image) } : await this.resolve(image);
      this.tell(pod, container, "Normal", "Pulling", `Pulling image "${image}"`);
      if ("digest" in found) {
        await this.run.context.sleep(pullMilliseconds);
        const message = `Successfully pulled image "${image}" in 20.013s (20.013s including waiting). Image size: 9214573312 bytes.`;
        this.tell(pod, container, "Normal", "Pulled", message);
        this.run.parts.images.put(pod.spec.nodeName ?? "", image, found.digest);
        return this.have(image, found.digest);
      }
      await this.failed(pod, container, found.refused, failures);
    }
  }

  private async resolve(image: string): Promise<{ readonly digest: string } | { readonly refused: string }> {
    return (await this.run.parts.services.resolveImage(image)) ?? { refused: notFound(image) };
  }

  private have(image: string, digest: string): boolean {
    this.ids.set(image, `${image.replace(/@.*$/, "").replace(/:[^/:]+$/, "")}@${digest}`);
    return this.run.live() !== undefined;
  }

  private async failed(pod: Pod, container: Container, error: string, failures: number): Promise<void> {
    const { run } = this;
    const { image, name } = container;
    this.tell(pod, container, "Warning", "Failed", `Failed to pull image "${image}": ${error}`);
    this.tell(pod, container, "Warning", "Failed", "Error: ErrImagePull");
    run.writeContainer(name, (status) => {
      status.state = { waiting: { reason: "ErrImagePull", message: error } };
    });
    const wait = Math.min(longestBackOff, firstBackOff * 2 ** failures);
    await run.context.sleep(wait / 5);
    this.tell(pod, container, "Normal", "BackOff", `Back-off pulling image "${image}"`);
    this.tell(pod, container, "Warning", "Failed", "Error: ImagePullBackOff");
    run.writeContainer(name, (status) => {
      status.state = {
        waiting: { reason: "ImagePullBackOff", message: `Back-off pulling image "${image}": ErrImagePull: ${error}` },
      };
    });
    await run.context.sleep((wait * 4) / 5);
  }

  private tell(pod: Pod, container: Container, type: "Normal" | "Warning", reason: string, message: string): void {
    this.run.tell({ type, reason, message, fieldPath: fieldPath(pod, container) });
  }
}

function notFound(image: string): string {
  return `rpc error: code = NotFound desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`;
}

/** The cluster's own images were on its nodes before the world began. */
function shipped(pod: Pod, image: string): string | undefined {
  if (pod.metadata.namespace !== "kube-system") return undefined;
  return `sha256:${createHash("sha256").update(image).digest("hex")}`;
}
