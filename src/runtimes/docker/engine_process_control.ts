import { CommandError } from "../../errors.ts";
import type { ProcessControl } from "../runtime.ts";
import type { EngineExec } from "./engine_exec.ts";

/**
 * A program that the engine runs, in the hands of whoever started it. The shell around it starts it as
 * its child and does not know its id, so it cannot be signalled by itself.
 */
export function engineProcessControl(exec: EngineExec): ProcessControl {
  return {
    pid: undefined,
    write: (bytes) => exec.offer(bytes),
    closeStdin: () => exec.closeInput(),
    // deno-lint-ignore require-await -- as the contract says
    signal: async (name) => {
      throw new CommandError(
        `Cannot send ${name}: in this image, where the agent cannot run, a program can only be stopped`,
      );
    },
    // deno-lint-ignore require-await -- as the contract says
    resize: async () => {
      throw new CommandError("Cannot resize the terminal: in this image there is none");
    },
  };
}
