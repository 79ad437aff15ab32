import { stripTypes } from "../strip_types.ts";
import { DENO_KERNEL_TEXTS } from "./deno_kernel_texts.ts";
import { joinModules } from "./join_modules.ts";

/** The kernel of JavaScript and TypeScript in one module, which can import nothing of ours where it runs. */
export const DENO_KERNEL = joinModules(DENO_KERNEL_TEXTS, "main.ts");

const script = stripTypes(DENO_KERNEL);

/** The address of {@linkcode DENO_KERNEL}, which is the module itself: without types where that can be had. */
export const DENO_KERNEL_URL = script === undefined
  ? addressOf(DENO_KERNEL, "typescript")
  : addressOf(script, "javascript");

function addressOf(text: string, language: string): string {
  return `data:application/${language};base64,${new TextEncoder().encode(text).toBase64()}`;
}
