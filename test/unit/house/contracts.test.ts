import { describe, expect, it } from "vitest";
import type { Contract } from "../../../src/action/contract.ts";
import { actionNames } from "../../../src/action-names.ts";
import { commonInputs, commonOutputs, type Names, surface } from "./surface.ts";

async function contractOf(name: string): Promise<Contract> {
  return ((await import(`../../../src/actions/${name}/contract.ts`)) as { contract: Contract }).contract;
}

/** What the contract has, in the golden file's own words. */
function named(contract: Contract): Names {
  return Object.fromEntries(
    Object.entries(contract.inputs).map(([name, input]) => [name, input.required ? "*" : (input.default ?? null)]),
  );
}

describe.each(Object.keys(surface))("the contract of %s", (name) => {
  it("has every input that users write, with its default", async () => {
    const { inputs } = surface[name]!;
    expect(named(await contractOf(name))).toEqual({ ...commonInputs, ...inputs });
  });

  it("has every output that users read", async () => {
    const { outputs } = surface[name]!;
    const given = Object.keys((await contractOf(name)).outputs);
    expect(given.toSorted()).toEqual([...commonOutputs, ...outputs].toSorted());
  });
});

describe("the root action", () => {
  it("has the inputs of all six", async () => {
    const inputs = Object.keys((await contractOf("release")).inputs);
    const wanted = Object.values(surface).flatMap((action) => Object.keys(action.inputs));
    expect(inputs).toEqual(expect.arrayContaining([...new Set([...wanted, ...Object.keys(commonInputs)])]));
  });

  it("has the outputs of all six, the record's, and what a workflow needs to know of a plan", async () => {
    const outputs = Object.keys((await contractOf("release")).outputs);
    const wanted = Object.values(surface).flatMap((action) => action.outputs);
    const own = [
      "record",
      "record-uri",
      "record-sha256",
      "plan-complete",
      "transfer-images",
      "transfer-models",
      "result",
    ];
    expect(outputs.toSorted()).toEqual([...new Set([...wanted, ...commonOutputs, ...own])].toSorted());
  });
});

describe("every contract", () => {
  it.each(actionNames)(
    "of %s describes all its inputs and outputs, in at most 125 characters for itself",
    async (name) => {
      const contract = await contractOf(name);
      expect(contract.name).toBe(name);
      expect(contract.description.length).toBeLessThanOrEqual(125);
      for (const input of Object.values(contract.inputs)) expect(input.description).not.toBe("");
      for (const output of Object.values(contract.outputs)) expect(output.description).not.toBe("");
    },
  );

  it.each(actionNames)("of %s takes what earlier actions put out under names that exist", async (name) => {
    for (const input of Object.values((await contractOf(name)).inputs)) {
      if (!input.report) continue;
      const [action = "", output = ""] = input.report.split(".");
      expect(Object.keys((await contractOf(action)).outputs)).toContain(output);
    }
  });
});
