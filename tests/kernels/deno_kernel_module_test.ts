import { assert, assertEquals } from "@std/assert";
import { DENO_KERNEL, DENO_KERNEL_URL } from "../../src/kernels/deno_kernel_module.ts";
import { kernelProgram } from "../../src/kernels/kernel_programs.ts";
import { kernelRequirement, withKernel } from "./kernel_session.ts";

Deno.test("DENO_KERNEL_URL is one module of JavaScript, short enough for a command line", () => {
  const [type = "", base64 = ""] = DENO_KERNEL_URL.split(";base64,");
  assertEquals(type, "data:application/javascript");
  const text = new TextDecoder().decode(Uint8Array.fromBase64(base64));
  assert(!/^(export )?interface /m.test(text));
  const packages = [...text.matchAll(/^import .* from "([^"]+)";$/gm)].map(([, name]) => name);
  assert(packages.length > 0 && packages.every((name) => name?.startsWith("node:")));
  // Linux takes arguments of up to 128 KiB.
  assert(DENO_KERNEL_URL.length < 100 * 1024, `${DENO_KERNEL_URL.length} characters`);
});

Deno.test({
  name: "DENO_KERNEL runs as it is where its types cannot be taken away",
  ...await kernelRequirement("deno"),
}, async () => {
  const base64 = new TextEncoder().encode(DENO_KERNEL).toBase64();
  const url = `data:application/typescript;base64,${base64}`;
  const program = kernelProgram("typescript")!;
  const argv = program.argv.map((arg) => arg === DENO_KERNEL_URL ? url : arg);
  assert(argv.includes(url));
  await withKernel("typescript", async ({ value }) => {
    assertEquals(await value("const a: number = 40; a + 2"), "42");
  }, { program: { ...program, argv: argv as [string, ...string[]] } });
});
