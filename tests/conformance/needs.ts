import type { MethodResult } from "../../src/protocol/methods.ts";
import { runProgram } from "../testutil/run_program.ts";
import type { Caller } from "./callers.ts";
import type { Need } from "./scenario.ts";

/** Says what of a need is not there; undefined if it is. */
export async function missingNeed(
  need: Need | undefined,
  caller: Caller,
): Promise<string | undefined> {
  if (need === undefined) return undefined;
  if ("image" in need) {
    const { code } = await runProgram("docker", ["image", "inspect", need.image]);
    return code === 0 ? undefined : `the engine has no image ${need.image}`;
  }
  const { result } = await caller.call({ method: "runtime.list", params: {} });
  const { runtimes } = result as MethodResult<"runtime.list">;
  const cgroups = runtimes.find(({ name }) => name === "deno")?.details.cgroups;
  return cgroups ? undefined : "Deno sessions have no control groups here";
}
