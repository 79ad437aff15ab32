import type { Issue } from "../../errors.ts";
import { isGrantedFlag } from "./granted_flag.ts";
import type { Grants } from "./permissions.ts";
import { workspacePath, workspaceSegments } from "../workspace_path.ts";

/** A checked `deno …` command line, or what is wrong with it. */
export type DenoCommand =
  | { readonly ok: true; readonly args: readonly string[] }
  | { readonly ok: false; readonly issue: Issue };

/** Options of {@linkcode checkDenoCommand}. */
export interface DenoCommandOptions {
  /** Whether an outer sandbox holds what Deno's permissions do not. */
  readonly confined: boolean;
  /** What the session was granted. */
  readonly grants: Grants;
}

interface Subcommand {
  /** Whether Deno's permissions bind it; what they do not bind needs an outer sandbox. */
  readonly permissions: boolean;
  /** Flags without a value, or with one after `=`. */
  readonly flags: readonly string[];
  /** Whether the first file is a program, and what follows it its arguments. */
  readonly program: boolean;
  /** What to run on when no file is named. */
  readonly defaultFile?: string;
}

const VERSION_FLAGS = ["--version", "-V"];
const SCRIPT_REGEXP = /^[^-].*\.(?:[cm]?[jt]s|[jt]sx)$/;
const NARROWING = ["--deny-read", "--deny-write", "--deny-net", "--deny-env", "--deny-run"];

/** What a session may do with Deno itself, and the flags that leave its permissions as they are. */
const SUBCOMMANDS: Readonly<Record<string, Subcommand>> = {
  run: {
    permissions: true,
    flags: [
      ...NARROWING,
      "--quiet",
      "-q",
      "--no-prompt",
      "--no-check",
      "--ext",
      "--seed",
      "--no-code-cache",
    ],
    program: true,
  },
  test: {
    permissions: true,
    flags: [
      ...[...NARROWING, "--quiet", "-q", "--no-prompt", "--no-check", "--filter", "--fail-fast"],
      ...["--shuffle", "--no-run", "--reporter", "--permit-no-files", "--trace-leaks", "--doc"],
      ...["--sanitize-ops", "--sanitize-resources"],
    ],
    program: false,
    defaultFile: ".",
  },
  check: {
    permissions: false,
    flags: ["--quiet", "-q", "--doc"],
    program: false,
    defaultFile: ".",
  },
  fmt: {
    permissions: false,
    flags: [
      ...["--check", "--quiet", "-q", "--ext", "--line-width", "--indent-width", "--use-tabs"],
      ...["--single-quote", "--no-semicolons", "--prose-wrap"],
    ],
    program: false,
    defaultFile: ".",
  },
  lint: {
    permissions: false,
    flags: ["--quiet", "-q", "--json", "--compact", "--rules-include", "--rules-exclude", "--fix"],
    program: false,
    defaultFile: ".",
  },
};

/**
 * Checks the arguments of `deno` in a session: only what works on the session's files, with the session's
 * permissions. Flags that could widen them, configuration files and remote programs are refused.
 *
 * @param args what follows `deno`
 * @param directory where the command runs, as the code sees it
 */
export function checkDenoCommand(
  args: readonly string[],
  directory: string,
  options: DenoCommandOptions,
): DenoCommand {
  const [first = ""] = args;
  if (VERSION_FLAGS.includes(first) && args.length === 1) return { ok: true, args };
  // `deno main.ts` is short for `deno run main.ts`.
  const implied = SCRIPT_REGEXP.test(first);
  const name = implied ? "run" : first;
  const subcommand = Object.hasOwn(SUBCOMMANDS, name) ? SUBCOMMANDS[name] : undefined;
  if (subcommand === undefined) return refused(0, unknownSubcommand(name));
  if (!options.confined && !subcommand.permissions) return refused(0, needsSandbox(name));
  const kept = [name];
  let files = 0;
  for (let index = implied ? 0 : 1; index < args.length; index++) {
    const arg = args[index] ?? "";
    const isFlag = arg.startsWith("-") && arg !== "-";
    if (arg === "--") {
      if (subcommand.program) return refused(index, "Expected a file of the workspace to run");
      const target = files === 0 ? [subcommand.defaultFile ?? "."] : [];
      return { ok: true, args: [...kept, ...target, ...args.slice(index)] };
    }
    // The session's permissions hold anyway; a flag that names one of them says nothing new.
    if (isFlag && subcommand.permissions && isGrantedFlag(arg, options.grants)) continue;
    const problem = isFlag ? flagProblem(name, arg, subcommand.flags) : fileProblem(arg, directory);
    if (problem !== undefined) return refused(index, problem);
    kept.push(arg);
    if (isFlag) continue;
    files++;
    if (subcommand.program) return { ok: true, args: [...kept, ...args.slice(index + 1)] };
  }
  if (files === 0 && subcommand.defaultFile === undefined) {
    return refused(args.length, "Expected a file of the workspace to run");
  }
  return { ok: true, args: files === 0 ? [...kept, subcommand.defaultFile ?? ""] : kept };
}

function unknownSubcommand(name: string): string {
  const hint = name === "eval" || name === "repl"
    ? "; to run code, use the command execute_code"
    : "";
  return `Subcommand ${quote(name)} is not available in a session, expected one of ${
    Object.keys(SUBCOMMANDS).join(", ")
  }${hint}`;
}

function needsSandbox(name: string): string {
  return `Subcommand "${name}" reads files without regard to permissions, so it needs an outer sandbox, ` +
    "and bubblewrap does not work on this server";
}

function flagProblem(name: string, flag: string, allowed: readonly string[]): string | undefined {
  const [bare = ""] = flag.split("=", 1);
  if (allowed.includes(bare)) return undefined;
  if (/^(?:-[A-Z]+|--allow-.*|--permission-set)$/.test(bare)) {
    return `Flag ${
      quote(flag)
    } would change the session's permissions, ask for them in session.create`;
  }
  return `Flag ${quote(flag)} is not available for deno ${name} in a session, expected one of ${
    allowed.join(", ")
  }`;
}

function fileProblem(file: string, directory: string): string | undefined {
  if (file === "-" || /^[a-z][a-z0-9+.-]*:/i.test(file)) {
    return `Program ${quote(file)} is not a file of the workspace`;
  }
  const path = file.startsWith("/") ? file : `${directory}/${file}`;
  return workspaceSegments(path) === undefined
    ? `File ${quote(file)} is outside /workspace`
    : undefined;
}

/** The path of a working directory as the code sees it; undefined if it leads out of the workspace. */
export function absoluteDirectory(path: string): string | undefined {
  const segments = workspaceSegments(path);
  return segments === undefined ? undefined : workspacePath(segments);
}

function refused(index: number, message: string): DenoCommand {
  return { ok: false, issue: { path: ["command", "args", index], message } };
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
