import { describe, expect, it } from "vitest";
import type { Contract, Located, SpecFinder } from "../../../src/action/contract.ts";
import { actionNames } from "../../../src/action-names.ts";
import { specSchema } from "../../../src/spec/schema.ts";

type Node = Readonly<Record<string, unknown>>;

const layer = ((specSchema()["$defs"] as Node)["layer"] as Node)["properties"] as Readonly<Record<string, Node>>;

/** Whether the schema has a dotted key; below a free map every key is one. */
function known(path: string): boolean {
  let properties: Readonly<Record<string, Node>> | undefined = layer;
  for (const part of path.split(".")) {
    const node: Node | undefined = properties?.[part];
    if (!node) return false;
    const choices: readonly Node[] = [node, ...((node["anyOf"] ?? node["oneOf"] ?? []) as readonly Node[])];
    properties = Object.assign({}, ...choices.map((choice) => choice["properties"] ?? {}));
  }
  return true;
}

/** Every key that a contract asks the spec for, those of functions by watching them ask. */
async function askedKeys(name: string): Promise<readonly string[]> {
  const { contract } = (await import(`../../../src/actions/${name}/contract.ts`)) as { contract: Contract };
  const asked: string[] = [];
  const find: SpecFinder = (path): Located | undefined => {
    asked.push(path);
    return undefined;
  };
  for (const { spec } of Object.values(contract.inputs)) {
    if (typeof spec === "string") asked.push(spec);
    else spec?.(find, () => undefined);
  }
  return [...new Set(asked)];
}

/** Leaves of the schema: what a user can write a value at. */
function leaves(properties: Readonly<Record<string, Node>>, prefix = ""): readonly string[] {
  return Object.entries(properties).flatMap(([name, node]) => {
    const inner = node["properties"] as Readonly<Record<string, Node>> | undefined;
    return inner ? leaves(inner, `${prefix}${name}.`) : [`${prefix}${name}`];
  });
}

/** Keys that a contract takes as a whole, or that a dry run takes instead. */
const wholes = ["cluster", "models", "docs", "ingress", "thresholds", "promotion", "aws.roles"];

describe("spec and contracts", () => {
  it.each(actionNames)("agree on every key that %s takes", async (name) => {
    expect((await askedKeys(name)).filter((key) => !known(key))).toEqual([]);
  });

  it("leave no key of the spec without an action that takes it", async () => {
    const asked = new Set((await Promise.all(actionNames.map(askedKeys))).flat());
    const takers = [...asked, ...wholes];
    const idle = leaves(layer).filter((leaf) => !takers.some((key) => leaf === key || leaf.startsWith(`${key}.`)));
    expect(idle).toEqual([]);
  });
});
