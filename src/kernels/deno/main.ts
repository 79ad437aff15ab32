// Keeps JavaScript or TypeScript between cells, as a console does: cells are evaluated in REPL mode by the
// inspector of this very process.
//
// A worker reads what the server writes, a JSON line at a time, so that it can end code that never comes
// back: it is connected to the inspector's server, which reaches the main thread whatever that is doing.
// The first line has the token that marks what is the kernel's own in the output; see kernel_stream.ts.
//
// Ending what runs also drops what waits in the queue of microtasks, the kernel's own among it. So the end of
// an interrupted cell is the work of one handler of a message, which the worker sends until it has been done.
//
// Arguments: "inspect" opens the inspector's server, without which code that never comes back cannot be
// ended; "root=PATH" is the workspace where that is not /workspace. The permissions that only the kernel needs
// are given up before the first cell with "give-up".
//
// Cells may replace what is global and the methods of prototypes. What is needed after the first cell began is
// therefore taken before, by every file of this folder.
import { beginFrames, sendFrame } from "./frame_output.ts";
import { connectInspector, openInspectorServer } from "./inspector_session.ts";
import { installHook } from "./kernel_hook.ts";
import type { CellRequest, Hello } from "./kernel_requests.ts";
import { prepareGlobals } from "./prepare_globals.ts";
import { inspectFrom, listen } from "./request_worker.ts";
import { interruptCell, performCell, runningCell, settleCell } from "./running_cell.ts";

const { exit } = Deno;
const isInspected = Deno.args.includes("inspect");
const givesUp = Deno.args.includes("give-up");

let isTypeScript = false;
let isReady = false;
/** The cell that came before the kernel was ready; there is one at a time. */
let first: CellRequest | undefined;

listen((request) => {
  switch (request.type) {
    case "hello":
      return void start(request);
    case "inspecting":
      // A cell that never comes back would leave no chance to connect.
      return becomeReady();
    case "cell":
      // Not before the permissions are what they are to be.
      if (isReady) return void performCell(request, isTypeScript);
      first = request;
      return;
    case "interrupt":
      return interruptCell(request.id);
    case "settled":
      return settleCell();
    case "bye":
      exit(0);
  }
});

async function start({ token, typescript }: Hello): Promise<void> {
  // The worker is there: after this, one takes half a second to start.
  connectInspector();
  beginFrames(token);
  isTypeScript = typescript;
  await installHook(runningCell);
  if (isInspected) inspectFrom(openInspectorServer());
  else becomeReady();
}

function becomeReady(): void {
  if (givesUp) {
    Deno.permissions.revokeSync({ name: "sys" });
    if (isInspected) Deno.permissions.revokeSync({ name: "net", host: "127.0.0.1" });
  }
  Object.defineProperty(Deno, "args", { value: [] });
  prepareGlobals();
  sendFrame("stderr", { type: "ready" });
  sendFrame("stdout", { type: "ready" });
  isReady = true;
  if (first !== undefined) void performCell(first, isTypeScript);
  first = undefined;
}
