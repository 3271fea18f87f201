import { connect } from "node:net";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { basic, descriptor, digestOf, type EcrServer, errorOf, manifestOf, startEcr, types } from "./server.ts";

const config = Buffer.from('{"architecture":"amd64","os":"linux"}');
const layer = Buffer.alloc(70_000, "layer");
const manifest = manifestOf(config, [layer]);
let server: EcrServer;

beforeEach(async () => {
  server = await startEcr();
  server.state.add("atlas");
});

afterEach(async () => {
  await server.close();
  expect(server.defects).toEqual([]);
});

/** Sends a request line as it stands, which `fetch` would tidy up, and gives the answer's text. */
function rawRequest(line: string): Promise<string> {
  const { host, port } = new URL(server.url);
  const { password } = server.state.issueToken({ arn: "a", account: "1", accessKeyId: "k", userId: "u" });
  return new Promise((resolve) => {
    let text = "";
    const head = `${line} HTTP/1.1\r\nHost: ${host}\r\nAuthorization: ${basic(password)}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`;
    const socket = connect(Number(port), "127.0.0.1", () => socket.write(head));
    socket.setEncoding("utf8").on("data", (part: string) => {
      text += part;
    });
    socket.once("close", () => resolve(text));
  });
}

const put = (reference: string, text: string, repository = "atlas", type: string = types.manifest) =>
  server.ask("PUT", `${repository}/manifests/${reference}`, { "content-type": type }, text);
const head = (what: string) => server.ask("HEAD", what, { accept: Object.values(types).join(", ") });

async function pushImage(repository = "atlas", tag = "1.0"): Promise<string> {
  for (const blob of [config, layer]) expect((await server.push(repository, blob)).status).toBe(201);
  const answer = await put(tag, manifest, repository);
  expect(answer.status).toBe(201);
  return answer.headers.get("docker-content-digest")!;
}

describe("who may come in", () => {
  it("asks for Basic credentials where there are none", async () => {
    const answer = await server.ask("GET", `${server.url}/v2/`, { authorization: "" });
    expect(answer.status).toBe(401);
    expect(answer.headers.get("www-authenticate")).toMatch(/^Basic realm="http:\/\/127\.0\.0\.1:\d+\/"/);
  });

  it("refuses a password that it did not give out, and another user's name", async () => {
    const made = server.state.issueToken({ arn: "a", account: "1", accessKeyId: "k", userId: "u" }).password;
    const named = `Basic ${Buffer.from(`root:${made}`).toString("base64")}`;
    for (const authorization of [basic("guessed"), named, `Bearer ${made}`])
      expect((await server.ask("GET", `${server.url}/v2/`, { authorization })).status).toBe(401);
  });

  it("says DENIED once a token is twelve hours old", async () => {
    const { password } = server.state.issueToken({ arn: "a", account: "1", accessKeyId: "k", userId: "u" });
    const authorization = basic(password);
    server.advance(12 * 3_600_000 - 1_000);
    expect((await server.ask("GET", `${server.url}/v2/`, { authorization })).status).toBe(200);
    server.advance(1_000);
    const refused = await errorOf(await server.ask("GET", `${server.url}/v2/`, { authorization }));
    expect(refused).toMatchObject({ status: 403, code: "DENIED" });
  });

  it("names the action that a policy does not allow", async () => {
    const strict = await startEcr({
      authorise: (_caller, action, arn) =>
        action === "ecr:PutImage" ? `not authorized: ${action} on ${arn}` : undefined,
    });
    strict.state.add("atlas");
    for (const blob of [config, layer]) await strict.push("atlas", blob);
    const answer = await strict.ask("PUT", "atlas/manifests/1", { "content-type": types.manifest }, manifest);
    expect(await errorOf(answer)).toMatchObject({
      status: 403,
      code: "DENIED",
      message: expect.stringContaining("arn:aws:ecr:us-east-2:210987654321:repository/atlas"),
    });
    await strict.close();
  });
});

describe("blobs", () => {
  it("takes POST, one PATCH and an empty PUT; ECR answers 201 to the PATCH", async () => {
    const started = await server.ask("POST", "atlas/blobs/uploads/");
    expect(started.status).toBe(202);
    const patched = await server.ask("PATCH", started.headers.get("location")!, {}, new Uint8Array(layer));
    expect(patched.status).toBe(201);
    const done = await server.ask("PUT", `${patched.headers.get("location")}?digest=${digestOf(layer)}`);
    expect(done.status).toBe(201);
    expect(done.headers.get("docker-content-digest")).toBe(digestOf(layer));
    const there = await head(`atlas/blobs/${digestOf(layer)}`);
    expect([there.status, there.headers.get("content-length")]).toEqual([200, String(layer.length)]);
  });

  it("takes the whole blob in the PUT", async () => {
    const started = await server.ask("POST", "atlas/blobs/uploads/");
    const place = `${started.headers.get("location")}?digest=${digestOf(config)}`;
    expect((await server.ask("PUT", place, {}, new Uint8Array(config))).status).toBe(201);
    expect(server.state.repository("atlas").blobs.get(digestOf(config))?.size).toBe(config.length);
  });

  it("stores every PATCH, and answers with the Range of the one before", async () => {
    const started = await server.ask("POST", "atlas/blobs/uploads/");
    const place = started.headers.get("location")!;
    const ranges: (string | null)[] = [];
    for (const at of [0, 10, 20]) {
      const body = new Uint8Array(layer.subarray(at, at + 10));
      ranges.push(
        (await server.ask("PATCH", place, { "content-range": `${at}-${at + 9}` }, body)).headers.get("range"),
      );
    }
    expect(ranges).toEqual(["0-9", "0-9", "0-19"]);
    const misled = await server.ask("PATCH", place, { "content-range": "20-29" }, "0123456789");
    expect(misled.status).toBe(416);
    const done = await server.ask("PUT", `${place}?digest=${digestOf(layer.subarray(0, 30))}`);
    expect(done.status).toBe(201);
  });

  it("never commits bytes that do not have the digest", async () => {
    const wrong = digestOf("something else");
    expect(await errorOf(await server.push("atlas", layer, wrong))).toMatchObject({
      status: 400,
      code: "DIGEST_INVALID",
    });
    expect(server.state.repository("atlas").blobs.size).toBe(0);
    expect((await head(`atlas/blobs/${wrong}`)).status).toBe(404);
  });

  it("never commits a blob of which one byte was flipped on the way", async () => {
    const effect = { kind: "corrupt", at: 69_999 } as const;
    server.ground.faults.add({ service: "registry", operation: "PATCH upload", effect });
    expect((await server.push("atlas", layer)).status).toBe(400);
    expect(server.state.repository("atlas").blobs.size).toBe(0);
  });

  it("refuses a digest of another kind, an upload without bytes, and one that it does not know", async () => {
    const place = (await server.ask("POST", "atlas/blobs/uploads/")).headers.get("location")!;
    expect((await errorOf(await server.ask("PUT", `${place}?digest=sha512:${"0".repeat(128)}`))).code).toBe(
      "DIGEST_INVALID",
    );
    expect((await errorOf(await server.ask("PUT", `${place}?digest=${digestOf(layer)}`))).code).toBe(
      "BLOB_UPLOAD_INVALID",
    );
    expect(await errorOf(await server.ask("PUT", `${place}?digest=${digestOf(layer)}`))).toMatchObject({
      status: 404,
      code: "BLOB_UPLOAD_UNKNOWN",
    });
  });

  it("ends a session whose sender went away", async () => {
    const place = new URL((await server.ask("POST", "atlas/blobs/uploads/")).headers.get("location")!);
    const authorization = basic(
      server.state.issueToken({ arn: "a", account: "1", accessKeyId: "k", userId: "u" }).password,
    );
    await new Promise<void>((resolve) => {
      const socket = connect(Number(place.port), "127.0.0.1", () => {
        const head = `PATCH ${place.pathname} HTTP/1.1\r\nHost: ${place.host}\r\nAuthorization: ${authorization}\r\nContent-Length: 1000\r\n\r\n`;
        socket.write(`${head}half`, () => socket.end());
      });
      socket.resume().once("close", () => resolve());
    });
    const after = await server.ask("PUT", `${place}?digest=${digestOf("half")}`);
    expect((await errorOf(after)).code).toBe("BLOB_UPLOAD_UNKNOWN");
  });

  it("loses sessions when told to", async () => {
    const place = (await server.ask("POST", "atlas/blobs/uploads/")).headers.get("location")!;
    server.state.loseUploads();
    expect((await server.ask("PATCH", place, {}, "bytes")).status).toBe(404);
  });

  it("refuses a layer over the limit", async () => {
    server.state.limits = { ...server.state.limits, layerBytes: 1_000 };
    expect(await errorOf(await server.push("atlas", layer))).toMatchObject({ status: 400, code: "SIZE_INVALID" });
  });

  it("does not make repositories, and closes the connection of an upload whose repository went", async () => {
    const refused = await errorOf(await server.ask("POST", "nothing/blobs/uploads/"));
    expect(refused).toMatchObject({ status: 404, code: "NAME_UNKNOWN" });
    const place = (await server.ask("POST", "atlas/blobs/uploads/")).headers.get("location")!;
    server.state.repositories.delete("atlas");
    await expect(server.ask("PATCH", place, {}, "bytes")).rejects.toThrow();
  });

  it.each(["Atlas", "a/../b", "a//b", "a"])("takes no repository's name like %s", async (name) => {
    server.state.templates.push({ prefix: "ROOT", appliedFor: ["CREATE_ON_PUSH"], settings: {} });
    const answer = await rawRequest(`POST /v2/${name}/blobs/uploads/`);
    expect(answer).toMatch(/^HTTP\/1\.1 405 /);
    expect([...server.state.repositories.keys()]).toEqual(["atlas"]);
  });

  it("makes a repository on push where a template says so", async () => {
    const settings = { mutability: "IMMUTABLE" } as const;
    server.state.templates.push({ prefix: "team", appliedFor: ["CREATE_ON_PUSH"], settings });
    expect((await server.push("team/app", config)).status).toBe(201);
    expect(server.state.repository("team/app").mutability).toBe("IMMUTABLE");
    expect((await server.push("other/app", config)).status).toBe(404);
  });

  it("sends downloads elsewhere, where no Authorization is taken", async () => {
    await server.push("atlas", layer);
    const answer = await server.ask("GET", `atlas/blobs/${digestOf(layer)}`);
    expect(answer.status).toBe(307);
    const place = answer.headers.get("location")!;
    expect(new URL(place).host).not.toBe(new URL(server.url).host);
    expect((await server.ask("GET", place)).status).toBe(400);
    const bytes = Buffer.from(await (await server.ask("GET", place, { authorization: "" })).arrayBuffer());
    expect(bytes.equals(layer)).toBe(true);
  });

  it("keeps digests and sizes alone where bytes are discarded", async () => {
    const lean = await startEcr({ discard: true });
    lean.state.add("atlas");
    await lean.push("atlas", layer);
    expect(lean.state.repository("atlas").blobs.get(digestOf(layer))).toEqual({
      size: layer.length,
      content: undefined,
    });
    await lean.close();
  });
});

describe("mounting", () => {
  const mount = (digest: string, from = "atlas") =>
    server.ask("POST", `docs/blobs/uploads/?mount=${digest}&from=${from}`);

  beforeEach(() => {
    server.state.add("docs");
  });

  it("is a plain upload until the account opts in", async () => {
    await pushImage();
    expect((await mount(digestOf(layer))).status).toBe(202);
    server.state.blobMounting = "ENABLED";
    const mounted = await mount(digestOf(layer));
    expect([mounted.status, mounted.headers.get("docker-content-digest")]).toEqual([201, digestOf(layer)]);
    expect((await head(`docs/blobs/${digestOf(layer)}`)).status).toBe(200);
  });

  it("takes no blob that no manifest refers to, from nowhere, or under another key", async () => {
    server.state.blobMounting = "ENABLED";
    await server.push("atlas", layer);
    expect((await mount(digestOf(layer))).status).toBe(202);
    expect((await mount(digestOf(layer), "nowhere")).status).toBe(202);
    await pushImage();
    server.state.add("docs", { encryption: { type: "KMS", keyArn: "arn:aws:kms:us-east-2:1:key/a" } });
    expect((await mount(digestOf(layer))).status).toBe(202);
  });
});

describe("manifests", () => {
  it("are read back byte for byte, by tag and by digest", async () => {
    const digest = await pushImage();
    expect(digest).toBe(digestOf(manifest));
    for (const reference of ["1.0", digest]) {
      const answer = await server.ask("GET", `atlas/manifests/${reference}`, { accept: types.manifest });
      expect([answer.status, answer.headers.get("content-type")]).toEqual([200, types.manifest]);
      expect(await answer.text()).toBe(manifest);
    }
    expect(server.state.resolve(`${server.state.host}/atlas:1.0`)).toEqual({ digest });
    expect(server.state.resolve(`${server.state.host}/atlas@${digest}`)).toEqual({ digest });
    expect(server.state.resolve(`other.example.com/atlas:1.0`)).toBeUndefined();
  });

  it("are not found where their type is not accepted", async () => {
    await pushImage();
    expect((await server.ask("HEAD", "atlas/manifests/1.0", { accept: types.index })).status).toBe(404);
  });

  it("need every blob, in its size", async () => {
    await server.push("atlas", config);
    const missing = await errorOf(await put("1.0", manifest));
    expect(missing).toMatchObject({ status: 404, code: "BLOB_UPLOAD_UNKNOWN" });
    expect(missing.message).toContain(digestOf(layer));
    await server.push("atlas", layer);
    const lying = manifestOf(config, [], { layers: [{ ...descriptor(types.layer, layer), size: layer.length + 1 }] });
    expect((await put("1.0", lying)).status).toBe(405);
    expect(server.state.repository("atlas").images.size).toBe(0);
  });

  it("need their children first", async () => {
    const index = JSON.stringify({
      schemaVersion: 2,
      mediaType: types.index,
      manifests: [descriptor(types.manifest, manifest)],
    });
    const orphan = await errorOf(await put("all", index, "atlas", types.index));
    expect(orphan).toMatchObject({ status: 404, message: expect.stringContaining(digestOf(manifest)) });
    await pushImage();
    expect((await put("all", index, "atlas", types.index)).status).toBe(201);
  });

  it.each([
    ["no JSON", "{", types.manifest],
    [
      "another media type inside",
      JSON.stringify({ schemaVersion: 2, mediaType: types.index, manifests: [] }),
      types.manifest,
    ],
    ["a type that is none", manifest, "application/json"],
    ["no schema version", JSON.stringify({ config: {}, layers: [] }), types.manifest],
    [
      "a digest that is none",
      manifestOf(config, [], { layers: [{ mediaType: "a/b", digest: "sha256:1", size: 1 }] }),
      types.manifest,
    ],
    ["too many characters", manifestOf(config, [], { annotations: { a: "x".repeat(4_194_304) } }), types.manifest],
  ])("are refused with %s", async (_what, text, type) => {
    await server.push("atlas", config);
    expect(await errorOf(await put("1.0", text, "atlas", type))).toMatchObject({ status: 405, code: "UNSUPPORTED" });
  });

  it("must have the digest that they are put under", async () => {
    await pushImage();
    expect((await errorOf(await put(digestOf("other"), manifest))).code).toBe("DIGEST_INVALID");
    expect((await put(digestOf(manifest), manifest)).status).toBe(201);
  });

  it("do not move an immutable tag, not even to the same digest", async () => {
    const repository = server.state.repository("atlas");
    repository.mutability = "IMMUTABLE_WITH_EXCLUSION";
    repository.exclusions = ["latest*"];
    await pushImage("atlas", "1.0");
    expect(await errorOf(await put("1.0", manifest))).toMatchObject({ status: 400, code: "TAG_INVALID" });
    await pushImage("atlas", "latest-a");
    expect((await put("latest-a", manifestOf(config, []))).status).toBe(201);
    repository.mutability = "MUTABLE_WITH_EXCLUSION";
    expect((await put("1.0", manifest)).status).toBe(201);
    expect((await put("latest-a", manifest)).status).toBe(400);
  });

  it("that are archived exist and cannot be pulled, and their layers count as missing", async () => {
    const digest = await pushImage();
    server.state.repository("atlas").images.get(digest)!.status = "ARCHIVED";
    expect((await head("atlas/manifests/1.0")).status).toBe(404);
    expect((await head(`atlas/blobs/${digestOf(layer)}`)).status).toBe(404);
    expect(server.state.resolve(`${server.state.host}/atlas:1.0`)).toBeUndefined();
  });

  it("are listed as referrers of their subject", async () => {
    const digest = await pushImage();
    const attached = manifestOf(config, [], {
      artifactType: "text/sbom",
      subject: descriptor(types.manifest, manifest),
    });
    const answer = await put("sbom", attached);
    expect(answer.headers.get("oci-subject")).toBe(digest);
    const found = await server.ask("GET", `atlas/referrers/${digest}?artifactType=text/sbom`);
    expect(await found.json()).toMatchObject({
      manifests: [{ digest: digestOf(attached), artifactType: "text/sbom" }],
    });
    const none = await server.ask("GET", `atlas/referrers/${digest}?artifactType=text/other`);
    expect(await none.json()).toMatchObject({ manifests: [] });
  });
});

it("logs the IAM actions of a push", async () => {
  await pushImage();
  await head("atlas/manifests/1.0");
  await head(`atlas/blobs/${digestOf(layer)}`);
  expect(server.ground.requests.iamActions()).toEqual([
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
  ]);
});
