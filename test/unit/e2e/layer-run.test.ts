import { describe, expect, it } from "vitest";
import { runLayer } from "../../../e2e/layer-run.ts";
import { type Layer, obstacle } from "../../../e2e/layers.ts";

const layer: Layer = { name: "x", software: [], needs: [], seconds: 1 };
const machine = { prepare: [], folders: [] };

describe.skipIf(obstacle(layer) !== undefined)("a layer that is interrupted", () => {
  it("does not wait for what is being installed", async () => {
    const interruption = new AbortController();
    const get = () => {
      queueMicrotask(() => interruption.abort());
      return new Promise<never>(() => {});
    };
    const { signal } = interruption;
    const software = [{ name: "etcd", version: "3", get }];
    const result = await runLayer({ ...layer, software }, { say: () => {}, signal, live: false });
    expect(result).toMatchObject({ software: ["etcd 3"], passed: 0, broken: "interrupted" });
  });

  it.skipIf(obstacle({ ...layer, machine: () => expect.unreachable() }) !== undefined)(
    "gives back the machine that it was just given, and begins no test",
    async () => {
      const interruption = new AbortController();
      const events: string[] = [];
      const open = async () => {
        interruption.abort();
        return { ...machine, close: async () => void events.push("given back") };
      };
      const say = (line: string) => void events.push(line);
      const { signal } = interruption;
      const result = await runLayer({ ...layer, machine: open }, { say, signal, live: false });
      expect(result.broken).toBe("interrupted");
      expect(events).toEqual(["given back", "x: interrupted"]);
    },
  );
});
