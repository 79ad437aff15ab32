import cellEnvironment from "./deno/cell_environment.ts" with { type: "text" };
import cellError from "./deno/cell_error.ts" with { type: "text" };
import cellSource from "./deno/cell_source.ts" with { type: "text" };
import cellTimers from "./deno/cell_timers.ts" with { type: "text" };
import evaluateCell from "./deno/evaluate_cell.ts" with { type: "text" };
import formatStack from "./deno/format_stack.ts" with { type: "text" };
import frameOutput from "./deno/frame_output.ts" with { type: "text" };
import inspectorSession from "./deno/inspector_session.ts" with { type: "text" };
import kernelHook from "./deno/kernel_hook.ts" with { type: "text" };
import kernelRequests from "./deno/kernel_requests.ts" with { type: "text" };
import main from "./deno/main.ts" with { type: "text" };
import mimeBundle from "./deno/mime_bundle.ts" with { type: "text" };
import moduleSyntax from "./deno/module_syntax.ts" with { type: "text" };
import prepareGlobals from "./deno/prepare_globals.ts" with { type: "text" };
import requestReader from "./deno/request_reader.js" with { type: "text" };
import requestWorker from "./deno/request_worker.ts" with { type: "text" };
import runningCell from "./deno/running_cell.ts" with { type: "text" };
import shortenText from "./deno/shorten_text.ts" with { type: "text" };
import textOrNothing from "./deno/text_or_nothing.ts" with { type: "text" };

/** The texts of everything in `deno/` by their names; a compiled server carries them along. */
export const DENO_KERNEL_TEXTS: Readonly<Record<string, string>> = {
  "cell_environment.ts": cellEnvironment,
  "cell_error.ts": cellError,
  "cell_source.ts": cellSource,
  "cell_timers.ts": cellTimers,
  "evaluate_cell.ts": evaluateCell,
  "format_stack.ts": formatStack,
  "frame_output.ts": frameOutput,
  "inspector_session.ts": inspectorSession,
  "kernel_hook.ts": kernelHook,
  "kernel_requests.ts": kernelRequests,
  "main.ts": main,
  "mime_bundle.ts": mimeBundle,
  "module_syntax.ts": moduleSyntax,
  "prepare_globals.ts": prepareGlobals,
  "request_reader.js": requestReader,
  "request_worker.ts": requestWorker,
  "running_cell.ts": runningCell,
  "shorten_text.ts": shortenText,
  "text_or_nothing.ts": textOrNothing,
};
