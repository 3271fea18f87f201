import type { Version } from "./version.ts";

/** A published build of helm. */
export interface Pinned {
  readonly version: Version;
  /** `process.platform` and `process.arch`. */
  readonly platform: string;
  /** As the download's file and folder call it. */
  readonly name: string;
  /** Of the `.tar.gz`, lower-case hex, from the release's notes. */
  readonly sha256: string;
}

/** The builds that may be downloaded, the preferred first. Source of the digests: the notes of each release, https://github.com/helm/helm/releases. */
export const builds: readonly Pinned[] = [
  build([3, 21, 4], "linux-x64", "linux-amd64", "61f88ab166748cb19604d7884cb100ae9ccb13804ddeb98e08af167eacbb6a14"),
  build([3, 21, 4], "linux-arm64", "linux-arm64", "b54c04b4e0b2540bbdc08c17a121dab70e9a2ed0de5705528fec68a5fd3b85a7"),
  build([3, 21, 4], "darwin-x64", "darwin-amd64", "9173d05edf9592c6be1d0412ffafd935448dfc7a63c2bc732b8c67e55503e8a8"),
  build([3, 21, 4], "darwin-arm64", "darwin-arm64", "6e0bf5eb6daafc2b1ec34bb5ba04ef103f3afc16192fb19805c2924d7ea1033f"),
  build([4, 2, 2], "linux-x64", "linux-amd64", "9adafecab4d406853bba163a70e9f104f47dbbf65ce24b7653bae7e36150bcb6"),
  build([4, 2, 2], "linux-arm64", "linux-arm64", "78803142087a0069fa4b50d3f32a84d3ef25c14d1ee8a40fbccf86a6216d2f36"),
  build([4, 2, 2], "darwin-x64", "darwin-amd64", "10c1e36ee8c5f2e2ee25a16599cb03ab74c0953cd889cacb980a49ba4b6574ba"),
  build([4, 2, 2], "darwin-arm64", "darwin-arm64", "5410a0dae3d5d91f45653b161260d9301aabc4ae80ae50a6605d66884b6df8ea"),
];

function build(version: Version, platform: string, name: string, sha256: string): Pinned {
  return { version, platform, name, sha256 };
}
