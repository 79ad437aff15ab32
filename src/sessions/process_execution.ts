import type { OutputCapture } from "../runtimes/output_capture.ts";
import type { BackgroundProcess } from "./background_process.ts";
import type { Execution } from "./execution.ts";

/** An execution that runs a program in the background. */
export type ProcessExecution = Execution & {
  readonly process: BackgroundProcess;
  readonly output: OutputCapture;
};

/** Whether an execution runs a program in the background. */
export function isProcess(execution: Execution): execution is ProcessExecution {
  return execution.process !== undefined && execution.output !== undefined;
}
