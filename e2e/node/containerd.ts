import { existsSync, mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { type Server, startServer } from "../processes.ts";
import { containerd } from "../software.ts";
import { run } from "../tools/run.ts";

const podNetwork = "10.244.77.0/24";

/** A container runtime that listens. */
export interface Containerd {
  readonly socket: string;
  /** PATH with its programs first. */
  readonly path: string;
  /** Takes in an archive of an image, which then is called `<name>:<its tag>`. */
  load(archive: string, name: string): Promise<void>;
  stop(): Promise<void>;
}

export interface ContainerdOptions {
  /** Everything that it writes lies below. */
  readonly folder: string;
  readonly sandboxImage: string;
  /** A registry over plain http on loopback, and how to sign in to it. */
  readonly registry: { readonly host: string; readonly username: string; readonly password: string };
}

/** Starts containerd with runc and a bridge as the pods' network. */
export async function startContainerd({ folder, ...options }: ContainerdOptions): Promise<Containerd> {
  const root = await containerd.get();
  const place = join(folder, "containerd");
  for (const part of ["", "root", "state", "cni", "opt"]) mkdirSync(join(place, part), { recursive: true });
  const socket = join(place, "containerd.sock");
  writeFileSync(join(place, "config.toml"), configuration(root, place, socket, options));
  writeFileSync(join(place, "cni", "10-pods.conflist"), JSON.stringify(network(place)));
  const path = [join(root, "usr/bin"), join(root, "usr/sbin"), process.env["PATH"]].join(":");
  const env = { PATH: path, LD_LIBRARY_PATH: join(root, "usr/lib/x86_64-linux-gnu") };
  const program = join(root, "usr/bin/containerd");
  const server: Server = await startServer("containerd", [program, "--config", join(place, "config.toml")], {
    env,
    ready: async () => existsSync(socket),
  });
  return {
    socket,
    path,
    async load(archive, name) {
      const command = ["--address", socket, "-n", "k8s.io", "images", "import", "--base-name", name, archive];
      await run(join(root, "usr/bin/ctr"), command, { env });
    },
    stop: () => server.stop(),
  };
}

function configuration(
  root: string,
  place: string,
  socket: string,
  { sandboxImage, registry }: Omit<ContainerdOptions, "folder">,
): string {
  const cri = 'plugins."io.containerd.grpc.v1.cri"';
  const text = (value: string) => JSON.stringify(value);
  return `version = 2
root = ${text(join(place, "root"))}
state = ${text(join(place, "state"))}
oom_score = 0
[grpc]
  address = ${text(socket)}
[plugins."io.containerd.internal.v1.opt"]
  path = ${text(join(place, "opt"))}
[${cri}]
  sandbox_image = ${text(sandboxImage)}
  restrict_oom_score_adj = true
[${cri}.cni]
  bin_dir = ${text(join(root, "usr/lib/cni"))}
  conf_dir = ${text(join(place, "cni"))}
[${cri}.containerd]
  snapshotter = "overlayfs"
[${cri}.containerd.runtimes.runc]
  runtime_type = "io.containerd.runc.v2"
[${cri}.containerd.runtimes.runc.options]
  BinaryName = ${text(join(root, "usr/sbin/runc"))}
[${cri}.registry.mirrors.${text(registry.host)}]
  endpoint = [${text(`http://${registry.host}`)}]
[${cri}.registry.configs.${text(registry.host)}.auth]
  username = ${text(registry.username)}
  password = ${text(registry.password)}
`;
}

function network(place: string): object {
  return {
    cniVersion: "0.4.0",
    name: "pods",
    plugins: [
      {
        type: "bridge",
        bridge: "pods0",
        isGateway: true,
        ipMasq: false,
        ipam: {
          type: "host-local",
          dataDir: join(place, "cni-data"),
          ranges: [[{ subnet: podNetwork }]],
          routes: [{ dst: "0.0.0.0/0" }],
        },
      },
    ],
  };
}
