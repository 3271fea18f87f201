import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { crane } from "../software.ts";
import { run } from "../tools/run.ts";
import { containerTools, oras } from "./archive-tools.ts";

/** An image archive that others made. */
export interface MadeArchive {
  /** Name of the file in the workshop's folder: `<image>__v1.tar`. */
  readonly file: string;
  /** The layout from which it was made, or whose content it has. */
  readonly layout: string;
}

/** Makes image archives with the tools of others, in one folder. Makers use what those before them made. */
export class Workshop {
  private readonly folder: string;
  private readonly tools: string;

  private constructor(folder: string, tools: string) {
    this.folder = folder;
    this.tools = tools;
  }

  /** With a layout `base` by umoci: an image `v1` with two layers. */
  static async open(folder: string): Promise<Workshop> {
    const own = new Workshop(folder, await containerTools.get());
    mkdirSync(join(folder, "files/etc"), { recursive: true });
    writeFileSync(join(folder, "files/etc/motd"), "hello\n");
    writeFileSync(join(folder, "files/data"), Buffer.alloc(300_000, "data of a layer, "));
    await own.debian("umoci", "init", "--layout", "base");
    await own.image("base", "v1");
    // What the second layer's manifest took the place of.
    await own.debian("umoci", "gc", "--layout", "base");
    return own;
  }

  async umoci(): Promise<MadeArchive> {
    return this.packed("umoci", "base");
  }

  async umociWithTwoNames(): Promise<MadeArchive> {
    cpSync(join(this.folder, "base"), join(this.folder, "twice"), { recursive: true });
    await this.debian("umoci", "tag", "--image", "twice:v1", "latest");
    return this.packed("twice", "twice");
  }

  async skopeo(): Promise<MadeArchive> {
    return this.copied("skopeo", "oci-archive:skopeo__v1.tar:docker.io/poolside/atlas:v1");
  }

  async skopeoZstd(): Promise<MadeArchive> {
    const compress = ["--dest-compress-format", "zstd", "--dest-compress"];
    return this.copied("zstd", "oci-archive:zstd__v1.tar:v1", ...compress);
  }

  /** What `podman save` writes: layers under their own names, and links to them. */
  async dockerArchive(): Promise<MadeArchive> {
    await this.skopeoCopy("oci:base:v1", "docker-archive:docker__v1.tar:docker.io/poolside/atlas:v1");
    return { file: "docker__v1.tar", layout: "base" };
  }

  /** As an error tells to. */
  async converted(from: MadeArchive): Promise<MadeArchive> {
    const file = `from-${from.file}`;
    await this.skopeoCopy(`docker-archive:${from.file}`, `oci-archive:${file}`);
    return { file, layout: await this.unpacked(file) };
  }

  /** What `docker save` writes since version 25: a layout that older readers find their own list in. */
  async dockerSave(): Promise<MadeArchive> {
    const folder = join(this.folder, "saved");
    cpSync(join(this.folder, "base"), folder, { recursive: true });
    const index = JSON.parse(readFileSync(join(folder, "index.json"), "utf8"));
    const [entry] = index.manifests;
    entry.annotations["io.containerd.image.name"] = "docker.io/poolside/atlas:v1";
    writeFileSync(join(folder, "index.json"), JSON.stringify(index));
    const blob = (digest: string) => `blobs/sha256/${digest.replace("sha256:", "")}`;
    const manifest = JSON.parse(readFileSync(join(folder, blob(entry.digest)), "utf8"));
    const list = [
      {
        Config: blob(manifest.config.digest),
        RepoTags: ["poolside/atlas:v1"],
        Layers: manifest.layers.map((layer: { digest: string }) => blob(layer.digest)),
      },
    ];
    writeFileSync(join(folder, "manifest.json"), JSON.stringify(list));
    writeFileSync(join(folder, "repositories"), JSON.stringify({ "poolside/atlas": { v1: "x" } }));
    return this.packed("saved", "saved");
  }

  async buildah(): Promise<MadeArchive> {
    const policy = ["--signature-policy", join(this.tools, "etc/containers/policy.json")];
    const places = ["--storage-driver", "vfs", "--root", join(this.folder, "containers")];
    const buildah = (...args: readonly string[]) =>
      this.debian("buildah", ...places, "--runroot", join(this.folder, "run"), ...args);
    await buildah("from", "--name", "own", ...policy, "scratch");
    await buildah("copy", "own", "files", "/opt");
    await buildah("commit", ...policy, "own", `oci-archive:${join(this.folder, "buildah__v1.tar")}:v1`);
    return { file: "buildah__v1.tar", layout: await this.unpacked("buildah__v1.tar") };
  }

  /** A docker archive by Go's library of registries. */
  async craneArchive(): Promise<MadeArchive> {
    await this.tar("files", "files.tar");
    await this.run(await crane.get(), "append", "-f", "files.tar", "-t", "atlas:v1", "-o", "crane__v1.tar");
    return { file: "crane__v1.tar", layout: "base" };
  }

  /** Two platforms below an index below an index, every part of it listed in index.json. */
  async orasNested(): Promise<MadeArchive> {
    await this.debian("umoci", "init", "--layout", "platforms");
    for (const platform of ["amd64", "arm64"]) {
      await this.image("platforms", platform);
      await this.debian("umoci", "config", "--image", `platforms:${platform}`, "--architecture", platform);
    }
    const create = ["manifest", "index", "create", "--oci-layout"];
    await this.run(await oras.get(), ...create, "platforms:both", "amd64", "arm64");
    await this.run(await oras.get(), ...create, "platforms:outer", "both");
    await this.run(await oras.get(), "cp", "--from-oci-layout", "platforms:outer", "--to-oci-layout", "nested:v1");
    return this.packed("nested", "nested");
  }

  /** An image, and an artifact whose subject it is. */
  async orasAttached(): Promise<MadeArchive> {
    cpSync(join(this.folder, "base"), join(this.folder, "attached"), { recursive: true });
    const type = ["--artifact-type", "application/vnd.example.sbom"];
    await this.run(await oras.get(), "attach", "--oci-layout", "attached:v1", ...type, "files/etc/motd:text/plain");
    return this.packed("attached", "attached");
  }

  /** An artifact that is no image, with the empty config of OCI 1.1. */
  async orasArtifact(): Promise<MadeArchive> {
    const type = ["--artifact-type", "application/vnd.example.model"];
    await this.run(await oras.get(), "push", "--oci-layout", "artifact:v1", ...type, "files/data:text/plain");
    return this.packed("artifact", "artifact");
  }

  /** As several members of gzip, which is one stream (https://www.rfc-editor.org/rfc/rfc1952#page-5). */
  gzipped({ file, layout }: MadeArchive): MadeArchive {
    const bytes = readFileSync(join(this.folder, file));
    const members = [bytes.subarray(0, 100_000), bytes.subarray(100_000, 100_700), bytes.subarray(100_700)];
    const name = `gz-${file}.gz`;
    writeFileSync(join(this.folder, name), Buffer.concat(members.map((part) => gzipSync(part))));
    return { file: name, layout };
  }

  private async image(layout: string, name: string): Promise<void> {
    await this.debian("umoci", "new", "--image", `${layout}:${name}`);
    await this.debian("umoci", "insert", "--image", `${layout}:${name}`, "files", "/opt");
    await this.debian("umoci", "insert", "--image", `${layout}:${name}`, "files/etc", "/etc");
  }

  private async copied(name: string, target: string, ...options: readonly string[]): Promise<MadeArchive> {
    await this.skopeoCopy("oci:base:v1", target, ...options);
    return { file: `${name}__v1.tar`, layout: await this.unpacked(`${name}__v1.tar`) };
  }

  private skopeoCopy(...args: readonly string[]): Promise<string> {
    return this.debian("skopeo", "--insecure-policy", "copy", ...args);
  }

  private async packed(name: string, layout: string): Promise<MadeArchive> {
    await this.tar(layout, `${name}__v1.tar`);
    return { file: `${name}__v1.tar`, layout };
  }

  private tar(folder: string, file: string): Promise<string> {
    return this.run("tar", "-C", folder, "-cf", file, ".");
  }

  private async unpacked(file: string): Promise<string> {
    const layout = `${file}.d`;
    mkdirSync(join(this.folder, layout));
    await this.run("tar", "-C", layout, "-xf", file);
    return layout;
  }

  private debian(program: string, ...args: readonly string[]): Promise<string> {
    const containers = join(this.tools, "etc/containers/registries.conf");
    return run(join(this.tools, "usr/bin", program), args, {
      cwd: this.folder,
      env: {
        LD_LIBRARY_PATH: join(this.tools, "usr/lib/x86_64-linux-gnu"),
        CONTAINERS_REGISTRIES_CONF: containers,
        BUILDAH_ISOLATION: "chroot",
        TMPDIR: this.folder,
      },
    });
  }

  private run(program: string, ...args: readonly string[]): Promise<string> {
    return run(program, args, { cwd: this.folder });
  }
}
