import type { RunOptions, RunOutcome, RunSpec, Sandbox } from "../../../src/runtimes/runtime.ts";
import { CONTAINER_DENO } from "../../../src/languages.ts";

/** Runs programs on this machine without any isolation, for tests of kernels. */
export function localSandbox(
  options: { readonly python?: string; readonly cwd?: string } = {},
): Pick<Sandbox, "run"> {
  return { run: (spec, run) => runHere(spec, run, options) };
}

async function runHere(
  spec: RunSpec,
  { output, signal, started }: RunOptions,
  { python = "python3", cwd }: { readonly python?: string; readonly cwd?: string },
): Promise<RunOutcome> {
  if (spec.kind !== "shell") throw new TypeError("Cannot run code here, only programs");
  const programs: Record<string, string> = { [CONTAINER_DENO]: Deno.execPath(), python3: python };
  const program = programs[spec.commandName] ?? spec.commandName;
  // As in a container, the program leads a group of its own.
  const child = new Deno.Command("setsid", {
    args: [program, ...spec.args],
    stdin: "piped",
    stdout: "piped",
    stderr: "piped",
    ...(cwd !== undefined && { cwd }),
  }).spawn();
  const kill = () => killGroup(child.pid, "SIGKILL");
  signal.addEventListener("abort", kill);
  const writer = child.stdin.getWriter();
  writer.closed.catch(() => {});
  const write = (bytes: Uint8Array) => writer.write(bytes).catch(() => {});
  void write(new TextEncoder().encode(spec.stdin ?? ""));
  started?.({
    pid: child.pid,
    write,
    closeStdin: () => writer.close(),
    // deno-lint-ignore require-await -- as the contract says
    signal: async (name, target) => {
      if (target === "group") killGroup(child.pid, name);
      else child.kill(name);
    },
    resize: () => Promise.resolve(),
  });
  const read = async (stream: "stdout" | "stderr") => {
    for await (const bytes of child[stream]) output(stream, bytes);
  };
  const [status] = await Promise.all([child.status, read("stdout"), read("stderr")]);
  await writer.close().catch(() => {});
  signal.removeEventListener("abort", kill);
  if (signal.aborted) return { cause: "stopped", exitCode: null };
  return status.signal === null
    ? { cause: "exited", exitCode: status.code }
    : { cause: "signaled", exitCode: null, signal: status.signal };
}

function killGroup(pid: number, signal: Deno.Signal): void {
  try {
    Deno.kill(-pid, signal);
  } catch {
    // It has ended.
  }
}
