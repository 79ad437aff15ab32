import { CONTAINER_DENO, type Language } from "../languages.ts";
import bashKernel from "./bash_kernel.sh" with { type: "text" };
import { DENO_KERNEL_URL } from "./deno_kernel_module.ts";
import pythonKernel from "./python_kernel.py" with { type: "text" };

/** What the server has for a kernel. */
export type KernelRequest =
  | {
    readonly type: "cell";
    readonly id: number;
    /** The how many-th cell of its kernel it is. */
    readonly count: number;
    readonly code: string;
    /** Environment variables of this cell only. */
    readonly env?: Readonly<Record<string, string>> | undefined;
    /** What it reads from its standard input; only Bash has one. */
    readonly stdin?: string | undefined;
  }
  | { readonly type: "interrupt"; readonly id: number };

/** How a kernel is started: a program that keeps a language's interpreter between cells. */
export interface KernelProgram {
  /** The program and its arguments, in a sandbox that runs any. */
  readonly argv: readonly [string, ...string[]];
  /** The address of the module, if it is one of Deno's; see `ShellSpec.module`. */
  readonly module?: string;
  /** What its standard input begins with. */
  readonly greeting: (token: string) => string;
  /** Writes a message for it. */
  readonly encode: (message: KernelRequest) => string;
  /** How its running cell is interrupted. */
  readonly interrupt: "signal" | "message";
  /** Whether it says where a cell begins in its output; what comes between cells is dropped then. */
  readonly saysBegin?: boolean;
}

/** Reads the kernel itself, then leaves the rest of what the server writes to it. */
const PYTHON_BOOT = `
import os
requests = open(os.dup(0), "rb")
code = compile(requests.read(int(requests.readline())), "<kernel>", "exec")
exec(code, {"requests": requests, "__file__": "<kernel>", "__name__": "kernel"})
`.trim();

/** What a cell imports by a relative path is found beside it; the inspector knows no file that it is in. */
const CELL_IMPORTS = {
  scopes: {
    "file:///workspace": {
      "file:///workspace/": "file:///workspace/",
      "file:///": "file:///workspace/",
    },
  },
};

const toLine = (message: unknown) => `${JSON.stringify(message)}\n`;
const bytes = (text: string) => new TextEncoder().encode(text);

function denoProgram(typescript: boolean): KernelProgram {
  const importMap = encodeURIComponent(JSON.stringify(CELL_IMPORTS));
  return {
    argv: [
      CONTAINER_DENO,
      "run",
      "--allow-all",
      "--no-prompt",
      "--no-lock",
      "--no-config",
      "--quiet",
      `--import-map=data:application/json,${importMap}`,
      DENO_KERNEL_URL,
      "inspect",
    ],
    module: DENO_KERNEL_URL,
    greeting: (token) => toLine({ type: "hello", token, typescript }),
    encode: toLine,
    interrupt: "message",
  };
}

/** What `printf %b` of bash makes the text of again; it cannot hold a NUL, and neither can its code. */
function escapeForBash(text: string): string {
  return text.replaceAll("\0", "").replaceAll("\\", "\\\\").replaceAll("\n", "\\n")
    .replaceAll("\x1f", "\\x1f");
}

function encodeForBash(request: KernelRequest): string {
  if (request.type !== "cell") throw new TypeError(`Cannot tell bash to ${request.type}`);
  const { id, code, env = {}, stdin = "" } = request;
  const pairs = Object.entries(env).map((pair) => escapeForBash(pair.join("=")));
  return `${
    [id, pairs.length, ...pairs, escapeForBash(code), escapeForBash(stdin)].join("\x1f")
  }\n`;
}

const PROGRAMS: Partial<Record<Language, KernelProgram>> = {
  python: {
    argv: ["python3", "-c", PYTHON_BOOT],
    greeting: (token) =>
      `${bytes(pythonKernel).length}\n${pythonKernel}${toLine({ type: "hello", token })}`,
    encode: toLine,
    interrupt: "signal",
  },
  javascript: denoProgram(false),
  typescript: denoProgram(true),
  deno: denoProgram(true),
  bash: {
    argv: ["bash", "--norc", "--noprofile", "-c", bashKernel, "bash"],
    greeting: (token) => `${token}\n`,
    encode: encodeForBash,
    interrupt: "signal",
    saysBegin: true,
  },
};

/** The kernel of a language; undefined if it has none. */
export function kernelProgram(language: Language): KernelProgram | undefined {
  return PROGRAMS[language];
}

/** Languages that have a kernel. */
export const KERNEL_LANGUAGES = Object.keys(PROGRAMS) as Language[];
