import { type Document, isMap, parseDocument, type YAMLMap } from "yaml";

/** A called workflow's inputs, as the caller gives them or by their defaults. */
function inputsOf(caller: YAMLMap, called: Document): ReadonlyMap<string, string> {
  const declared = called.getIn(["on", "workflow_call", "inputs"]) as YAMLMap<{ value: string }>;
  return new Map(
    declared.items.map(({ key: { value: name } }) => [
      name,
      String(caller.getIn(["with", name]) ?? called.getIn(["on", "workflow_call", "inputs", name, "default"]) ?? ""),
    ]),
  );
}

/**
 * Puts the only job of a called workflow in the place of the caller's job that calls it, with the same needs, inputs and outputs, so that the jobs after it see an ordinary job. Only
 * for a workflow whose outputs are its job's under the same names, and whose secrets the caller passes on under theirs.
 */
export function inlined(callerText: string, calledText: string, job: string): string {
  const caller = parseDocument(callerText);
  const called = parseDocument(calledText);
  const calling = caller.getIn(["jobs", job]) as YAMLMap;
  const jobs = called.get("jobs") as YAMLMap;
  if (jobs.items.length !== 1 || !isMap(calling)) throw new Error(`${job} calls no workflow of one job`);
  const inputs = inputsOf(calling, called);
  const body = (jobs.items[0]!.value as YAMLMap).clone();
  caller.setIn(["jobs", job], body);
  return caller.toString({ lineWidth: 0 }).replaceAll(/\binputs\.([\w-]+)/g, (whole, name) => {
    const value = inputs.get(name);
    return value === undefined ? whole : `'${value.replaceAll("'", "''")}'`;
  });
}
