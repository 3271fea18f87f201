import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { MemberType, TarMember } from "../../../src/tar/member.ts";
import { guardPaths, normalPath, refuseUnsafe } from "../../../src/tar/policy.ts";

const member = (path: string, type: MemberType = "file"): TarMember => ({
  path,
  type,
  size: 0,
  offset: 512,
  headerOffset: 0,
  mode: 0o644,
  pax: {},
});

const refusal = (path: string, type?: MemberType) => {
  try {
    refuseUnsafe(member(path, type), "t.tar");
    return undefined;
  } catch (error) {
    return (error as { code: string }).code;
  }
};

describe("what is refused in an archive", () => {
  it("lets plain relative paths pass, and the archive's own root", () => {
    for (const path of ["a", "./a/b", "a//b", "a b/ü.json", "..a/b..", "a/...", "-rf", "~root", "C:x"])
      expect(refusal(path), path).toBeUndefined();
    expect(refusal("./", "folder")).toBeUndefined();
    expect(refusal("a/", "folder")).toBeUndefined();
  });

  it("refuses paths that could lead elsewhere or are none", () => {
    const paths = ["", ".", "./", "/", "/etc/passwd", "//a", "..", "../a", "a/../b", "a/..", "a\\b", "..\\a", "C:\\a"];
    const unseen = ["a\0b", "a\nb", "a\u007fb", "a\u0085b", "a\u2028b", "a\u202egpj.exe", "a\u2066b", "a\ufffeb"];
    for (const path of [...paths, ...unseen, "a\ufffdb"])
      expect(refusal(path), JSON.stringify(path)).toBe("TAR_PATH_UNSAFE");
    expect(refusal("", "folder")).toBe("TAR_PATH_UNSAFE");
    expect(refusal("../", "folder")).toBe("TAR_PATH_UNSAFE");
  });

  it("refuses everything that is neither file nor folder, whatever its path", () => {
    const types = ["symlink", "hardlink", "character-device", "block-device", "fifo", "sparse", "other"] as const;
    for (const type of types) expect(refusal("a", type), type).toBe("TAR_TYPE_REFUSED");
  });

  it("tells where a link leads, and of nothing else", () => {
    const message = (type: MemberType) => {
      try {
        refuseUnsafe({ ...member("a", type), linkpath: "b" }, "t.tar");
      } catch (error) {
        return (error as Error).message;
      }
      return "";
    };
    expect(message("symlink")).toContain('a symbolic link to "b"');
    expect(message("hardlink")).toContain('a hard link to "b"');
    expect(message("fifo")).toContain('"a", a FIFO;');
  });

  it("never lets a path with .. or a root pass, however it is written (property)", () => {
    const part = fc.constantFrom("..", ".", "", "a", "b c", "…");
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const path = parts.join("/");
        const unsafe = parts.includes("..") || path.startsWith("/") || normalPath(path) === "";
        expect(refusal(path) !== undefined).toBe(unsafe);
      }),
    );
  });

  it("shows a hostile path with its control characters escaped, and not endlessly", () => {
    const message = (path: string) => {
      try {
        refuseUnsafe(member(path), "t.tar");
      } catch (error) {
        return (error as Error).message;
      }
      return "";
    };
    expect(message("../\n::error::x")).toContain('"../\\n::error::x"');
    expect(message("a\u0085\u202eb")).toContain('"a\\u0085\\u202eb"');
    expect(message(`../${"x".repeat(5_000)}`).length).toBeLessThan(500);
  });
});

describe("paths of one archive beside each other", () => {
  const admitAll = (...members: TarMember[]) => {
    const guard = guardPaths("t.tar");
    return members.map((one) => guard.admit(one));
  };
  const duplicate = expect.objectContaining({ code: "TAR_DUPLICATE" });

  it("come back in their normal form", () => {
    expect(admitAll(member("./m/", "folder"), member("./m//a.json"), member("m/b"))).toEqual(["m", "m/a.json", "m/b"]);
  });

  it("may name a folder again and again", () => {
    expect(admitAll(member("m", "folder"), member("m/", "folder"), member("./m", "folder"))).toEqual(["m", "m", "m"]);
  });

  it("may not name a file twice, also not in another spelling", () => {
    for (const [one, other] of [
      ["m/a", "m/a"],
      ["m/a", "./m//a"],
      ["m/\u00e9", "m/e\u0301"],
    ] as const)
      expect(() => admitAll(member(one), member(other))).toThrow(duplicate);
  });

  it("may not name something as a file and as a folder", () => {
    expect(() => admitAll(member("m"), member("m", "folder"))).toThrow(duplicate);
    expect(() => admitAll(member("m", "folder"), member("m"))).toThrow(duplicate);
    expect(() => admitAll(member("m"), member("m/a"))).toThrow(duplicate);
    expect(() => admitAll(member("m/a/b"), member("m/a"))).toThrow(duplicate);
  });
});
