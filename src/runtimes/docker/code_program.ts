import { WORKSPACE } from "../../protocol/commands.ts";
import { type Argv, languageDefinition } from "../../languages.ts";
import type { CodeSpec } from "../runtime.ts";
import type { Program } from "./container_io.ts";

/** The steps that run code: the compiler, for languages that have one, and the program. */
export interface CodeProgram {
  readonly compile: Program | undefined;
  readonly run: Program;
}

/**
 * Plans a run of code. The source stands in the workspace while it runs, hidden, so that what it imports
 * by relative paths is found as if it were a file of the session's.
 *
 * @param env all of the environment
 */
export function codeProgram(spec: CodeSpec, env: Readonly<Record<string, string>>): CodeProgram {
  const { compile, run, extension, ignoresHidden = false } = languageDefinition(spec.language);
  const token = crypto.getRandomValues(new Uint8Array(6)).toHex();
  const source = `${WORKSPACE}/${ignoresHidden ? "" : "."}code_${token}${extension}`;
  const output = `/tmp/.code_${token}`;
  const paths = { source, output };
  const script = { path: source, content: spec.code };
  const shared = { cwd: WORKSPACE, env };
  const program = { ...shared, argv: withArgs(run(paths), spec), stdin: spec.stdin };
  if (compile === undefined) {
    return { compile: undefined, run: { ...program, script, remove: [source] } };
  }
  return {
    compile: { ...shared, argv: compile(paths), script, remove: [source] },
    run: { ...program, remove: [output] },
  };
}

function withArgs([program, ...rest]: Argv, { args }: CodeSpec): [string, ...string[]] {
  return [program, ...rest, ...args];
}
