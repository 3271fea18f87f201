import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  basic,
  descriptor,
  digestOf,
  errorOf,
  manifestOf,
  startEcr,
  types,
} from "../../test/integration/sandbox-registry/server.ts";
import { registryPassword, startDistribution } from "./distribution.ts";

/** A registry, and where its answers differ from the other's for a reason. */
interface Registry {
  readonly url: string;
  readonly authorization: string;
  close(): Promise<void>;
}

const repositories = ["e2e/atlas", "e2e/docs"] as const;

async function startSandbox(): Promise<Registry> {
  const server = await startEcr();
  for (const name of repositories) server.state.add(name);
  server.state.blobMounting = "ENABLED";
  const { password } = server.state.issueToken({ arn: "a", account: "1", accessKeyId: "k", userId: "u" });
  return {
    url: server.url,
    authorization: basic(password),
    async close() {
      await server.close();
      expect(server.defects).toEqual([]);
    },
  };
}

async function startReal(): Promise<Registry> {
  const server = await startDistribution();
  return { url: `http://${server.host}`, authorization: basic(registryPassword), close: () => server.close() };
}

/**
 * ECR refuses in words of its own, and the sandbox refuses as ECR does: a missing blob is 404 BLOB_UPLOAD_UNKNOWN, a missing child 404
 * MANIFEST_UNKNOWN, a broken manifest 405 UNSUPPORTED; a size that is not the blob's is refused, and PATCH is answered with 201.
 */
const servers = [
  {
    name: "the sandbox",
    start: startSandbox,
    patched: 201,
    missingBlob: { status: 404, code: "BLOB_UPLOAD_UNKNOWN" },
    missingChild: { status: 404, code: "MANIFEST_UNKNOWN" },
    broken: { status: 405, code: "UNSUPPORTED" },
    wrongSize: 405,
    badName: 405,
  },
  {
    name: "distribution",
    start: startReal,
    patched: 202,
    missingBlob: { status: 400, code: "MANIFEST_BLOB_UNKNOWN" },
    missingChild: { status: 400, code: "MANIFEST_BLOB_UNKNOWN" },
    broken: { status: 400, code: "MANIFEST_INVALID" },
    wrongSize: 201,
    badName: 404,
  },
] as const;

const config = Buffer.from('{"architecture":"amd64","os":"linux"}');
const layer = Buffer.alloc(70_000, "layer");
const manifest = manifestOf(config, [layer]);
const [atlas, docs] = repositories;

describe.each(servers)("the registry protocol on $name", ({ start, ...expected }) => {
  let registry: Registry;
  beforeAll(async () => {
    registry = await start();
  });
  afterAll(() => registry?.close());

  const ask = (method: string, path: string, headers: Record<string, string> = {}, body?: Buffer | string) => {
    const { authorization = registry.authorization, ...rest } = headers;
    const url = path.startsWith("http") ? path : new URL(path.startsWith("/") ? path : `/v2/${path}`, registry.url);
    return fetch(url, {
      method,
      redirect: "manual",
      headers: authorization === "" ? rest : { authorization, ...rest },
      ...(body === undefined ? {} : { body: new Uint8Array(Buffer.from(body)) }),
    });
  };
  const begin = async (repository: string) => {
    const started = await ask("POST", `${repository}/blobs/uploads/`);
    expect(started.status).toBe(202);
    return started.headers.get("location")!;
  };
  const finish = (place: string, digest: string, body?: Buffer) => {
    const url = new URL(place, registry.url);
    url.searchParams.set("digest", digest);
    return ask("PUT", url.href, { "content-type": "application/octet-stream" }, body);
  };
  const push = async (repository: string, content: Buffer) =>
    finish(await begin(repository), digestOf(content), content);
  const put = (reference: string, text: string, type: string = types.manifest, repository: string = atlas) =>
    ask("PUT", `${repository}/manifests/${reference}`, { "content-type": type }, text);
  const pushImage = async (tag: string) => {
    for (const blob of [config, layer]) expect((await push(atlas, blob)).status).toBe(201);
    const answer = await put(tag, manifest);
    expect(answer.status).toBe(201);
    return answer;
  };

  it("asks for Basic credentials where there are none or wrong ones", async () => {
    for (const authorization of ["", basic("guessed")]) {
      const answer = await ask("GET", "/v2/", { authorization });
      expect(answer.status).toBe(401);
      expect(answer.headers.get("www-authenticate")).toMatch(/^Basic realm=/);
    }
    expect((await ask("GET", "/v2/")).status).toBe(200);
  });

  it("takes POST, one PATCH and an empty PUT, and has the blob afterwards", async () => {
    const patched = await ask("PATCH", await begin(atlas), { "content-type": "application/octet-stream" }, layer);
    expect(patched.status).toBe(expected.patched);
    const done = await finish(patched.headers.get("location")!, digestOf(layer));
    expect(done.status).toBe(201);
    expect(done.headers.get("docker-content-digest")).toBe(digestOf(layer));
    const there = await ask("HEAD", `${atlas}/blobs/${digestOf(layer)}`);
    expect([there.status, there.headers.get("content-length")]).toEqual([200, String(layer.length)]);
  });

  it("takes the whole blob in the PUT", async () => {
    const done = await push(atlas, config);
    expect(done.status).toBe(201);
    expect(done.headers.get("docker-content-digest")).toBe(digestOf(config));
  });

  it("never commits bytes that do not have the digest", async () => {
    const wrong = digestOf("something else");
    const refused = await finish(await begin(atlas), wrong, layer);
    expect(await errorOf(refused)).toMatchObject({ status: 400, code: "DIGEST_INVALID" });
    expect((await ask("HEAD", `${atlas}/blobs/${wrong}`)).status).toBe(404);
  });

  it("does not take a blob in the POST, so that a client must go on with PUT", async () => {
    const blob = Buffer.from("in one request");
    const answer = await ask(
      "POST",
      `${atlas}/blobs/uploads/?digest=${digestOf(blob)}`,
      { "content-type": "application/octet-stream" },
      blob,
    );
    expect(answer.status).toBe(202);
    expect((await finish(answer.headers.get("location")!, digestOf(blob), blob)).status).toBe(201);
  });

  it("says 404 to a session that it does not know", async () => {
    const known = new URL(await begin(atlas), registry.url);
    const place = new URL(known);
    place.pathname = known.pathname.replace(/[^/]+$/, "00000000-0000-4000-8000-000000000000");
    const answer = await ask("PATCH", place.href, { "content-type": "application/octet-stream" }, layer);
    expect(answer.ok).toBe(false);
    expect((await errorOf(answer)).code).toMatch(/^BLOB_UPLOAD_(UNKNOWN|INVALID)$/);
  });

  it("gives a blob back byte for byte, wherever it sends the reader", async () => {
    await push(atlas, layer);
    let answer = await ask("GET", `${atlas}/blobs/${digestOf(layer)}`);
    if (answer.status === 307) answer = await ask("GET", answer.headers.get("location")!, { authorization: "" });
    expect(answer.status).toBe(200);
    expect(Buffer.from(await answer.arrayBuffer()).equals(layer)).toBe(true);
    expect((await ask("HEAD", `${atlas}/blobs/${digestOf("absent")}`)).status).toBe(404);
  });

  it("gives a manifest back byte for byte, by tag and by digest", async () => {
    const made = await pushImage("1.0");
    expect(made.headers.get("docker-content-digest")).toBe(digestOf(manifest));
    for (const reference of ["1.0", digestOf(manifest)]) {
      const answer = await ask("GET", `${atlas}/manifests/${reference}`, { accept: types.manifest });
      expect([answer.status, answer.headers.get("content-type")]).toEqual([200, types.manifest]);
      expect(answer.headers.get("docker-content-digest")).toBe(digestOf(manifest));
      expect(await answer.text()).toBe(manifest);
    }
    expect((await ask("HEAD", `${atlas}/manifests/2.0`, { accept: types.manifest })).status).toBe(404);
  });

  it("moves a tag that is not immutable", async () => {
    await pushImage("moves");
    const other = manifestOf(config, [layer], { annotations: { a: "b" } });
    expect((await put("moves", other)).headers.get("docker-content-digest")).toBe(digestOf(other));
    const found = await ask("HEAD", `${atlas}/manifests/moves`, { accept: types.manifest });
    expect(found.headers.get("docker-content-digest")).toBe(digestOf(other));
  });

  it("mounts a blob of an image from another repository, and begins an upload for one that it does not know", async () => {
    await pushImage("mounted");
    const mount = (digest: string) => ask("POST", `${docs}/blobs/uploads/?mount=${digest}&from=${atlas}`);
    const mounted = await mount(digestOf(layer));
    expect([mounted.status, mounted.headers.get("docker-content-digest")]).toEqual([201, digestOf(layer)]);
    expect((await ask("HEAD", `${docs}/blobs/${digestOf(layer)}`)).status).toBe(200);
    const unknown = await mount(digestOf("unknown"));
    expect(unknown.status).toBe(202);
    expect(unknown.headers.get("location")).toBeTruthy();
  });

  it("takes no manifest whose blobs or children are not there", async () => {
    const orphan = manifestOf(config, [Buffer.from("a layer that nobody pushed")]);
    expect(await errorOf(await put("orphan", orphan))).toMatchObject(expected.missingBlob);
    const index = JSON.stringify({
      schemaVersion: 2,
      mediaType: types.index,
      manifests: [descriptor(types.manifest, orphan)],
    });
    expect(await errorOf(await put("all", index, types.index))).toMatchObject(expected.missingChild);
    for (const tag of ["orphan", "all"])
      expect((await ask("HEAD", `${atlas}/manifests/${tag}`, { accept: "*/*" })).status).toBe(404);
  });

  it("takes an index once its children are there", async () => {
    await pushImage("child");
    const index = JSON.stringify({
      schemaVersion: 2,
      mediaType: types.index,
      manifests: [{ ...descriptor(types.manifest, manifest), platform: { architecture: "amd64", os: "linux" } }],
    });
    expect((await put("all", index, types.index)).headers.get("docker-content-digest")).toBe(digestOf(index));
  });

  it("takes no blob of another repository for its own", async () => {
    await push(atlas, config);
    await push(atlas, layer);
    const own = Buffer.from("only in the first repository");
    await push(atlas, own);
    const answer = await put("1.0", manifestOf(config, [own]), types.manifest, docs);
    expect(await errorOf(answer)).toMatchObject(expected.missingBlob);
  });

  it("takes no manifest under a digest that is not its own, and none that is not JSON", async () => {
    await pushImage("own");
    expect(await errorOf(await put(digestOf("other"), manifest))).toMatchObject({
      status: 400,
      code: "DIGEST_INVALID",
    });
    expect((await put(digestOf(manifest), manifest)).status).toBe(201);
    expect(await errorOf(await put("text", "{"))).toMatchObject(expected.broken);
  });

  it("answers a size that is not the layer's as named above", async () => {
    await pushImage("sized");
    const lying = manifestOf(config, [], { layers: [{ ...descriptor(types.layer, layer), size: layer.length + 1 }] });
    expect((await put("lying", lying)).status).toBe(expected.wrongSize);
  });

  it("makes no repository with capitals in its name", async () => {
    expect((await ask("POST", "E2E/Atlas/blobs/uploads/")).status).toBe(expected.badName);
  });
});
