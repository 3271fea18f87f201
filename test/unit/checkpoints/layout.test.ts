import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { layOut, type Strip } from "../../../src/checkpoints/layout.ts";
import { destinationOf } from "../../../src/checkpoints/passing-path.ts";

const entry = (path: string) => ({ path, folder: false });
const paths = (given: readonly string[], strip: Strip = "auto") =>
  layOut(given.map(entry), strip, "laguna.tar").files.map((file) => file.path);
const refusal = (given: readonly string[], strip: Strip = "auto") => {
  try {
    paths(given, strip);
  } catch (thrown) {
    return thrown as { code: string; message: string };
  }
  throw new Error("it was not refused");
};

describe("layOut", () => {
  it("drops the archive's one top folder", () => {
    expect(paths(["laguna/config.json", "laguna/tokenizer/tokenizer.json", "laguna/model.safetensors"])).toEqual([
      "config.json",
      "tokenizer/tokenizer.json",
      "model.safetensors",
    ]);
  });

  it("takes ./ and double slashes for what they mean", () => {
    expect(paths(["./laguna//config.json"])).toEqual(["config.json"]);
  });

  it("leaves the bookkeeping of macOS and pax out, and says so", () => {
    const given = [
      "__MACOSX/laguna/._config.json",
      "laguna/._config.json",
      "laguna/.DS_Store",
      "PaxHeaders.12/x",
      "pax_global_header",
    ];
    const { files, leftOut } = layOut([...given, "laguna/config.json"].map(entry), "auto", "laguna.tar");
    expect(files.map((file) => file.path)).toEqual(["config.json"]);
    expect(leftOut).toEqual(given);
  });

  it("leaves out what an earlier sync wrote, so that a folder fetched from a bucket is the same checkpoint", () => {
    expect(paths([".eks-deploy/manifest.json", ".checkpoint-complete", "config.json"], 0)).toEqual(["config.json"]);
  });

  it("refuses two top folders and names them", () => {
    const { code, message } = refusal(["a/config.json", "b/config.json"]);
    expect(code).toBe("CHECKPOINT_TOP_FOLDER");
    expect(message).toContain("a/, b/");
  });

  it("refuses files at the root beside the top folder, and files at the root alone", () => {
    expect(refusal(["a/config.json", "README"]).code).toBe("CHECKPOINT_TOP_FOLDER");
    expect(refusal(["config.json", "model.safetensors"]).code).toBe("CHECKPOINT_TOP_FOLDER");
    expect(paths(["config.json", "model.safetensors"], 0)).toHaveLength(2);
  });

  it("refuses an inner archive with the guide's words", () => {
    for (const given of [["laguna/laguna_m.tar"], ["laguna_m.tar.gz"], ["l/laguna_m.tar.xz"], ["l/laguna_m.txz"]]) {
      const { code, message } = refusal(given);
      expect(code).toBe("CHECKPOINT_INNER_ARCHIVE");
      expect(message).toContain("*.safetensors and *.json");
    }
  });

  it("refuses files that would lie one folder too deep, and says what to set", () => {
    const { code, message } = refusal(["x/laguna/config.json", "x/laguna/model.safetensors"]);
    expect(code).toBe("CHECKPOINT_TOO_DEEP");
    expect(message).toContain("strip-components");
    expect(message).toContain("strip-components: 2");
    expect(paths(["x/laguna/config.json"], 2)).toEqual(["config.json"]);
  });

  it("says how many folders too deep files lie", () => {
    const { code, message } = refusal(["x/y/z/laguna/config.json"]);
    expect(code).toBe("CHECKPOINT_TOO_DEEP");
    expect(message).toContain("3 folders too deep: y/z/laguna/config.json instead of config.json");
    expect(message).toContain("strip-components: 4");
    expect(refusal(["x/y/config.json"], 0).message).toContain("strip-components: 2");
  });

  it("refuses what holds nothing that a model server loads, and what holds nothing", () => {
    expect(refusal(["laguna/README.md", "laguna/docs/page.html"]).code).toBe("CHECKPOINT_NOTHING_USEFUL");
    expect(refusal([]).code).toBe("CHECKPOINT_EMPTY");
    expect(refusal(["laguna/.DS_Store"]).code).toBe("CHECKPOINT_EMPTY");
  });

  it("refuses a file that would be lost above the stripped folders", () => {
    expect(refusal(["a/b/config.json", "a/readme"], 2).code).toBe("CHECKPOINT_TOP_FOLDER");
  });

  it("refuses two spellings of one name", () => {
    expect(refusal(["l/config.json", "l/caf\u00e9.json", "l/cafe\u0301.json"]).code).toBe("CHECKPOINT_PATH_TWICE");
    expect(refusal(["l/config.json", "l/./config.json"]).code).toBe("CHECKPOINT_PATH_TWICE");
  });

  it("refuses files that become one, or the folder of another, once folders are dropped", () => {
    expect(refusal(["a/config.json", "b/config.json"], 1).code).toBe("CHECKPOINT_PATH_TWICE");
    expect(refusal(["a/config.json", "b/config.json/x"], 1).message).toContain("as a file and as a folder");
    expect(refusal(["b/config.json/x", "a/config.json"], 1).message).toContain("as a file and as a folder");
  });

  it("refuses control characters, .. and keys beyond 1,024 bytes", () => {
    expect(refusal(["l/con\nfig.json"]).code).toBe("CHECKPOINT_PATH_INVALID");
    expect(refusal(["l/x/../config.json"]).code).toBe("CHECKPOINT_PATH_INVALID");
    expect(refusal(["l/con\ufffdfig.json"]).code).toBe("CHECKPOINT_PATH_INVALID");
    expect(refusal(["a\n::error::x/y", "b/config.json"]).message).toContain('"a\\n::error::x/y"');
    expect(refusal([`l/${"ü".repeat(512)}.json`]).code).toBe("CHECKPOINT_PATH_INVALID");
  });

  it("gives every file exactly one place below the prefix, whatever the names", () => {
    const segment = fc.stringMatching(/^[a-zA-Z0-9_-]{1,12}$/);
    const path = fc.array(segment, { minLength: 1, maxLength: 4 }).map((parts) => parts.join("/"));
    fc.assert(
      fc.property(fc.uniqueArray(path, { maxLength: 20 }), (given) => {
        const all = ["top/config.json", ...given.map((one) => `top/d/${one}.json`)];
        expect(new Set(paths(all)).size).toBe(all.length);
      }),
    );
  });
});

describe("destinationOf", () => {
  const refusals = (strip: Strip, given: readonly string[], prefixLength = 0) => {
    const destination = destinationOf(strip, "laguna.tar.gz", prefixLength);
    return given.map((path) => {
      try {
        return destination(path);
      } catch (thrown) {
        return (thrown as { code: string }).code;
      }
    });
  };

  it("knows a file's place while the archive passes", () => {
    expect(refusals("auto", ["l/config.json", "l/._config.json", "l/tokenizer/x"])).toEqual([
      "config.json",
      undefined,
      "tokenizer/x",
    ]);
  });

  it("refuses before its upload what has no place of its own, or a key that is too long", () => {
    expect(refusals(1, ["a/config.json", "b/config.json", "b/config.json/x"])).toEqual([
      "config.json",
      "CHECKPOINT_PATH_TWICE",
      "CHECKPOINT_PATH_TWICE",
    ]);
    expect(refusals("auto", [`l/${"x".repeat(1_000)}`], 24)).toEqual(["x".repeat(1_000)]);
    expect(refusals("auto", [`l/${"x".repeat(1_000)}`], 25)).toEqual(["CHECKPOINT_PATH_INVALID"]);
  });
});
