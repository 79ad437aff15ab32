import { InvalidParamsError, SandboxError } from "../../errors.ts";
import { WORKSPACE } from "../../protocol/commands.ts";
import type { RunOptions, RunOutcome, SandboxFiles, ShellSpec } from "../runtime.ts";
import { Child } from "./child.ts";
import { notStarted } from "./child_outcome.ts";
import { ChildPlace, maskWorkspace } from "./child_place.ts";
import type { CommandLine } from "./command_line.ts";
import { absoluteDirectory, checkDenoCommand } from "./deno_command.ts";
import { followProgram } from "./follow_program.ts";
import type { Launch } from "./launcher.ts";
import { NEEDS_POLICY } from "./permissions.ts";
import { checkProgramEnv } from "./program_env.ts";
import type { SandboxParts } from "./sandbox_parts.ts";

const NO_TERMINAL =
  "Cannot give the program a terminal: a Deno session has none, since its processes are started without " +
  "the C library that opens one; a docker session has terminals";

/** Runs a subcommand of Deno, or another program that the session was granted. */
export async function runShell(
  parts: SandboxParts,
  spec: ShellSpec,
  { output, signal, started }: RunOptions,
): Promise<RunOutcome> {
  if (spec.terminal !== undefined) throw new SandboxError("not_supported", NO_TERMINAL);
  const directory = absoluteDirectory(spec.workingDirectory);
  if (directory === undefined) {
    return notStarted(`Working directory is outside /workspace: ${spec.workingDirectory}`);
  }
  if (!await isDirectory(parts.files, directory)) {
    return notStarted(`Working directory not found: ${spec.workingDirectory}`);
  }
  const { run } = parts.profile.grants;
  if (spec.commandName !== "deno" && run !== true && !run.includes(spec.commandName)) {
    return notStarted(refusal(spec.commandName, run));
  }
  const env = { ...parts.env, ...spec.env };
  const compose = commandOf(parts, spec, { directory, env });
  using permit = await parts.services.starts.acquire();
  using place = await ChildPlace.take(parts);
  const command = await compose({ ...place.launch(directory), env });
  if (signal.aborted) return { cause: "stopped", exitCode: null };
  const child = new Child(command);
  permit[Symbol.dispose]();
  const mask = maskWorkspace(parts, place.path, output);
  const program = { child, slot: place.slot, spec };
  const outcome = await followProgram(parts, program, { output: mask.write, signal, started });
  mask.flush();
  return outcome;
}

interface ProgramSetting {
  readonly directory: string;
  readonly env: Readonly<Record<string, string>>;
}

/** What composes the command line; throws for what Deno is not to be asked. */
function commandOf(
  { profile, services }: SandboxParts,
  { commandName, args }: ShellSpec,
  { directory, env }: ProgramSetting,
): (launch: Launch) => Promise<CommandLine> {
  const { launcher } = services;
  if (commandName !== "deno") {
    return (launch) => launcher.program(launch, { command: commandName, args });
  }
  const { confined } = launcher;
  const command = checkDenoCommand(args, directory, { confined, grants: profile.grants });
  const issues = checkProgramEnv(env)
    .map((issue) => ({ ...issue, path: ["command", ...issue.path] }));
  if (!command.ok) throw new InvalidParamsError([command.issue, ...issues]);
  if (issues.length > 0) throw new InvalidParamsError(issues);
  return (launch) => launcher.subcommand(launch, command.args);
}

async function isDirectory(files: SandboxFiles, path: string): Promise<boolean> {
  if (path === WORKSPACE) return true;
  const info = await files.info(path).catch(() => undefined);
  return info?.type === "directory";
}

function refusal(program: string, granted: readonly string[]): string {
  const what = `Cannot run "${program.slice(0, 60)}" in a Deno session`;
  if (granted.length > 0) return `${what}: it was granted ${granted.join(", ")} and deno itself`;
  return `${what}: only deno itself runs here unless the session was created with ` +
    `permissions.allowRun. ${NEEDS_POLICY}. A docker session runs any program`;
}
