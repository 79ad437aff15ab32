import { closeSync, constants, openSync } from "node:fs";
import { join } from "@std/path";
import { CommandError } from "../../errors.ts";

/** Options of {@linkcode handOffCode}. */
export interface HandoffOptions {
  /** The named pipe that only this child uses. */
  readonly pipe: string;
  /** The workspace's directory now. */
  readonly workspace: string;
  /** The name under which the child loads the code. */
  readonly main: string;
  readonly code: string;
  /** Lets the child go on to load the code. */
  readonly start: () => void;
  /** Resolves when the child is gone. */
  readonly ended: Promise<unknown>;
}

/**
 * Gives a child its code as a file of the workspace that never stays there: a named pipe appears under
 * the name, the child opens it, and the name is gone before the first byte is sent. So the code is
 * Deno's main module, imports resolve beside it, and the program sees only the session's own files.
 */
export async function handOffCode(options: HandoffOptions): Promise<void> {
  const { pipe, workspace, main, code, start, ended } = options;
  const target = join(workspace, main);
  show(pipe, target, main);
  start();
  using writer = await openForReader(pipe, ended).finally(() => hide(target));
  if (writer === undefined) return;
  await writeAll(writer, new TextEncoder().encode(code));
}

/** Links the pipe into the workspace; both steps take less than a turn of the thread pool. */
function show(pipe: string, target: string, main: string): void {
  try {
    Deno.linkSync(pipe, target);
  } catch (error) {
    if (!(error instanceof Deno.errors.AlreadyExists)) throw error;
    throw new CommandError(`Cannot run code while /workspace/${main} exists, the name is reserved`);
  }
}

function hide(target: string): void {
  try {
    Deno.removeSync(target);
  } catch {
    // The code of another execution in the session removed what it found there.
  }
}

/** Opens a pipe for writing, which takes until the child opens it for reading; undefined if it ends first. */
async function openForReader(
  pipe: string,
  ended: Promise<unknown>,
): Promise<Deno.FsFile | undefined> {
  const opening = Deno.open(pipe, { write: true });
  const gone = await Promise.race([opening.then(() => false), ended.then(() => true)]);
  if (!gone) return await opening;
  // The open waits for a reader in the kernel; nothing but a reader ends that.
  const reader = openSync(pipe, constants.O_RDONLY | constants.O_NONBLOCK);
  (await opening).close();
  closeSync(reader);
  return undefined;
}

async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  try {
    for (let written = 0; written < bytes.length;) {
      written += await file.write(bytes.subarray(written));
    }
  } catch (error) {
    // The child ended while it read: its own end tells why.
    if (!(error instanceof Deno.errors.BrokenPipe)) throw error;
  }
}
