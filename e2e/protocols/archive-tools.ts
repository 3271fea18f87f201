import { join, resolve } from "node:path";
import type { Software } from "../software.ts";
import { unpackedPackages } from "../tools/debian.ts";
import { goBuild, goInstall } from "../tools/go.ts";
import { libarchiveSource, nodeTarSource } from "./tar-corpora.ts";

/** Programs of skopeo, umoci and buildah with their libraries; the path is the folder in which they lie. */
export const containerTools: Software = {
  name: "skopeo, umoci and buildah",
  version: "as in Debian bookworm",
  get: () =>
    unpackedPackages({
      suite: "bookworm",
      packages: [
        "skopeo umoci buildah golang-github-containers-common golang-github-containers-image",
        "libgpgme11 libdevmapper1.02.1 libassuan0 libseccomp2 libgpg-error0",
      ].flatMap((names) => names.split(" ")),
    }),
};

/** A client of registries that also pushes what is no image. */
export const oras: Software = {
  name: "oras",
  version: "v1.3.6",
  get: () => goInstall({ path: "oras.land/oras/cmd/oras", version: "v1.3.6" }),
};

/** libarchive's tar; the path is the folder in which it and what it needs lie. */
export const bsdtar: Software = {
  name: "bsdtar",
  version: "as in Debian sid",
  get: () =>
    unpackedPackages({
      suite: "sid",
      packages: [
        "libarchive-tools libarchive13t64 libacl1 libbz2-1.0 liblz4-1 liblzma5 libnettle8t64 libxml2-16 libzstd1",
        "zlib1g libc6 libssl3t64 libgcc-s1 libb2-1",
      ].flatMap((names) => names.split(" ")),
    }),
};

/** busybox, and the archives of CPython's own tests; the path is the folder in which they lie. */
export const tarTools: Software = {
  name: "busybox and CPython's tests",
  version: "as in Debian bookworm",
  get: () => unpackedPackages({ suite: "bookworm", packages: ["busybox-static", "libpython3.11-testsuite"] }),
};

/** Writes a folder with Go's archive/tar. */
export const goTar: Software = {
  name: "Go's archive/tar",
  version: "of the installed Go",
  get: () => goBuild(resolve(import.meta.dirname, "go-tar"), "go-tar", ""),
};

/** Software that makes and reads the archives of these tests. */
export const archiveTools = [containerTools, oras, bsdtar, tarTools, goTar, libarchiveSource, nodeTarSource] as const;

/** Command line of bsdtar: the package is of another suite than this machine's, so it brings its own libc and the loader for it. */
export async function bsdtarCommand(): Promise<readonly [string, ...string[]]> {
  const root = await bsdtar.get();
  const libraries = join(root, "usr/lib/x86_64-linux-gnu");
  return [join(libraries, "ld-linux-x86-64.so.2"), "--library-path", libraries, join(root, "usr/bin/bsdtar")];
}
