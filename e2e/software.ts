import { join, resolve } from "node:path";
import { unpackedPackages } from "./tools/debian.ts";
import { goBuild, goInstall } from "./tools/go.ts";
import { pythonWith } from "./tools/python.ts";

/** Software that others wrote, at the version that the tests were made with. `get` installs it at the first call and gives its path. */
export interface Software {
  readonly name: string;
  readonly version: string;
  get(): Promise<string>;
}

function goProgram(name: string, path: string, version: string): Software {
  return { name, version, get: () => goInstall({ path, version }) };
}

/** The CNCF's registry. */
export const distribution = goProgram("distribution", "github.com/distribution/distribution/v3/cmd/registry", "v3.1.2");

/** An S3 server over a folder. */
export const versitygw = goProgram("versitygw", "github.com/versity/versitygw/cmd/versitygw", "v1.8.0");

/** A client of registries. */
export const crane = goProgram("crane", "github.com/google/go-containerregistry/cmd/crane", "v0.22.1");

/** The Open Container Initiative's own tests of registries. */
export const ociConformance = goProgram(
  "OCI conformance",
  "github.com/opencontainers/distribution-spec/conformance",
  "v0.0.0-20260831232431-97274622c111",
);

/** AWS's APIs as the Python community imitates them, with boto3; the path is an interpreter's. */
export const moto: Software = {
  name: "moto and boto3",
  version: "5.2.5",
  get: () => pythonWith("moto[server]==5.2.5"),
};

/** AWS's APIs by others again, with EKS Pod Identity, which moto has not; the path is an interpreter's. */
export const ministack: Software = {
  name: "ministack",
  version: "1.5.33",
  get: () => pythonWith("ministack==1.5.33"),
};

/** A linter of workflows that types their expressions. */
export const actionlint = goProgram("actionlint", "github.com/rhysd/actionlint/cmd/actionlint", "v1.7.12");

/** Runs workflows on this machine, as a program of its own and not GitHub's. */
export const act = goProgram("act", "github.com/nektos/act", "v0.2.89");

/** A linter of what can be attacked in workflows; the path is an interpreter's. */
export const zizmor: Software = { name: "zizmor", version: "1.32.0", get: () => pythonWith("zizmor==1.32.0") };

/** SchemaStore's JSON Schemas of workflows and actions; the path is an interpreter's. */
export const checkJsonschema: Software = {
  name: "check-jsonschema",
  version: "0.39.0",
  get: () => pythonWith("check-jsonschema==0.39.0"),
};

const kubernetesVersion = "1.36.3";
const component = "k8s.io/component-base/version";

/** etcd, kube-apiserver, kube-controller-manager, kube-scheduler, kubelet and kwok in one program. */
export const kubernetes: Software = {
  name: "Kubernetes, etcd 3.6.16, kwok 0.8.0",
  version: `v${kubernetesVersion}`,
  get() {
    const [major, minor] = kubernetesVersion.split(".");
    const settings = [
      `-X ${component}.gitVersion=v${kubernetesVersion}`,
      `-X ${component}.gitMajor=${major} -X ${component}.gitMinor=${minor}`,
      "-X sigs.k8s.io/kwok/pkg/consts.Version=v0.8.0",
    ];
    return goBuild(resolve(import.meta.dirname, "control-plane/kubernetes"), "kubernetes", settings.join(" "));
  },
};

/** A container runtime with runc and the plugins of its network; the path is the folder in which they lie. */
export const containerd: Software = {
  name: "containerd and runc",
  version: "as in Debian bookworm",
  get: () =>
    unpackedPackages({
      suite: "bookworm",
      packages: ["containerd", "runc", "containernetworking-plugins", "libseccomp2"],
    }),
};

/** The program of the image that a real node runs: a downloader with AWS's SDK, and a small server. */
export const nodeImage: Software = {
  name: "the image's program, with the AWS SDK for Go",
  version: "v1.48.0",
  get: () => goBuild(resolve(import.meta.dirname, "node/image"), "atlas", ""),
};

/** A model server; the path is the folder in which it and what it needs lie. */
export const llamaCpp: Software = {
  name: "llama.cpp",
  version: "as in Debian sid",
  async get() {
    const packages = [
      "llama.cpp-tools libllama0 libggml0 libc6 libstdc++6 libgcc-s1 libssl3t64 libgomp1 zlib1g libzstd1",
    ].flatMap((names) => names.split(" "));
    return join(await unpackedPackages({ suite: "sid", packages }), "usr");
  },
};

/** Writes model files for llama.cpp; the path is an interpreter's. */
export const gguf: Software = {
  name: "gguf",
  version: "0.19.0",
  get: () => pythonWith("gguf==0.19.0", "numpy==2.3.5"),
};
