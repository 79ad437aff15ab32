import { createRequire } from "node:module";
import process from "node:process";
import { describeError } from "./cell_error.ts";
import { replaceTimers } from "./cell_timers.ts";
import { formatStack } from "./format_stack.ts";
import { sendFrame } from "./frame_output.ts";
import { mimeBundle, rawBundle } from "./mime_bundle.ts";
import { publish, runningCell } from "./running_cell.ts";

const { stderr } = Deno;
const encoder = new TextEncoder();

/** Makes what is global fit for cells. */
export function prepareGlobals(): void {
  Object.defineProperty(Error, "prepareStackTrace", {
    value: formatStack,
    writable: true,
    configurable: true,
  });
  hideInput();
  const globals = globalThis as unknown as Record<string, unknown>;
  globals.display = display;
  globals.require = createRequire(`file://${workingDirectory()}/`);
  replaceExits();
  replaceTimers(() => runningCell() !== undefined);
  // An error in what goes on after its cell ends neither the context nor another cell.
  addEventListener("error", (event) => {
    event.preventDefault();
    complain(event.error);
  });
  addEventListener("unhandledrejection", (event) => {
    event.preventDefault();
    complain(event.reason);
  });
}

/** What the server writes is not for cells. */
function hideInput(): void {
  const empty = {
    read: () => Promise.resolve(null),
    readSync: () => null,
    close() {},
    isTerminal: () => false,
    readable: new Blob([]).stream(),
  };
  Object.defineProperty(Deno, "stdin", { value: empty, configurable: true });
}

/** Ending the process from inside a cell makes Deno panic; the server does it. */
function replaceExits(): void {
  const leave = (code: unknown = Deno.exitCode) => {
    sendFrame("stdout", { type: "exit", code: Number(code) || 0 });
    Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
  };
  Deno.exit = leave as typeof Deno.exit;
  process.exit = leave as typeof process.exit;
}

/** Shows a value among the cell's results; with `raw`, an object of MIME type to content. */
async function display(value: unknown, { raw = false }: { raw?: boolean } = {}): Promise<void> {
  publish(raw ? rawBundle(value) : await mimeBundle(value));
}

function workingDirectory(): string {
  try {
    return Deno.cwd();
  } catch {
    return "/workspace";
  }
}

function complain(error: unknown): void {
  stderr.writeSync(encoder.encode(`${describeError(error).traceback}\n`));
}
