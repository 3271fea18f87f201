import { createHash } from "node:crypto";
import type { Container } from "../types.ts";
import { fieldPath } from "./containers.ts";
import type { PodRun } from "./pod-run.ts";

/** Time of a pull of the server's image, which is many GB. */
const pullMilliseconds = 20_000;
const firstBackOff = 10_000;
const longestBackOff = 300_000;

/** The images of one pod: pulled by reference, known by digest. */
export class PodImages {
  private readonly run: PodRun;
  private readonly ids = new Map<string, string>();

  constructor(run: PodRun) {
    this.run = run;
  }

  /** `<repository>@<digest>` of the image that the container runs. */
  imageId({ image }: Container): string {
    return this.ids.get(image) ?? "";
  }

  /** Pulls until it works; false when the pod went away meanwhile. A pull that failed is tried again after 10 s, 20 s, ... 5 minutes. */
  async pull(container: Container): Promise<boolean> {
    const { image } = container;
    if (this.ids.has(image)) return this.run.live() !== undefined;
    for (let failures = 0; ; failures += 1) {
      const pod = this.run.live();
      if (!pod) return false;
      const path = fieldPath(pod, container);
      const system = pod.metadata.namespace === "kube-system";
      const trouble = this.run.parts.troubles.strike("pull", pod);
      const found = trouble
        ? undefined
        : system
          ? { digest: digestOf(image) }
          : await this.run.parts.services.resolveImage(image);
      if (found) {
        await this.pulled(container, found.digest, path, system);
        return this.run.live() !== undefined;
      }
      this.run.tell({ type: "Normal", reason: "Pulling", message: `Pulling image "${image}"`, fieldPath: path });
      await this.failed(
        container,
        trouble?.message ??
          `rpc error: code = NotFound desc = failed to pull and unpack image "${image}": failed to resolve reference "${image}": ${image}: not found`,
        path,
        failures,
      );
    }
  }

  private async pulled({ image }: Container, digest: string, path: string, system: boolean): Promise<void> {
    if (system) {
      this.run.tell({
        type: "Normal",
        reason: "Pulled",
        message: `Container image "${image}" already present on machine`,
        fieldPath: path,
      });
    } else {
      this.run.tell({ type: "Normal", reason: "Pulling", message: `Pulling image "${image}"`, fieldPath: path });
      await this.run.context.sleep(pullMilliseconds);
      const message = `Successfully pulled image "${image}" in 20.013s (20.013s including waiting). Image size: 9214573312 bytes.`;
      this.run.tell({ type: "Normal", reason: "Pulled", message, fieldPath: path });
    }
    this.ids.set(image, `${image.replace(/@.*$/, "").replace(/:[^/:]+$/, "")}@${digest}`);
  }

  private async failed(container: Container, error: string, path: string, failures: number): Promise<void> {
    const { run } = this;
    const { image, name } = container;
    run.tell({
      type: "Warning",
      reason: "Failed",
      message: `Failed to pull image "${image}": ${error}`,
      fieldPath: path,
    });
    run.tell({ type: "Warning", reason: "Failed", message: "Error: ErrImagePull", fieldPath: path });
    run.writeContainer(name, (status) => {
      status.state = { waiting: { reason: "ErrImagePull", message: error } };
    });
    const wait = Math.min(longestBackOff, firstBackOff * 2 ** failures);
    await run.context.sleep(wait / 5);
    run.tell({ type: "Normal", reason: "BackOff", message: `Back-off pulling image "${image}"`, fieldPath: path });
    run.tell({ type: "Warning", reason: "Failed", message: "Error: ImagePullBackOff", fieldPath: path });
    run.writeContainer(name, (status) => {
      status.state = {
        waiting: { reason: "ImagePullBackOff", message: `Back-off pulling image "${image}": ErrImagePull: ${error}` },
      };
    });
    await run.context.sleep((wait * 4) / 5);
  }
}

/** A digest for images that are part of the cluster itself. */
function digestOf(image: string): string {
  return `sha256:${createHash("sha256").update(image).digest("hex")}`;
}
