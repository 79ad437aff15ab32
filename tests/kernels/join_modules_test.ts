import { assertEquals, assertThrows } from "@std/assert";
import { joinModules } from "../../src/kernels/join_modules.ts";

async function run(texts: Record<string, string>): Promise<unknown> {
  const text = joinModules(texts, "main.ts");
  const key = crypto.randomUUID();
  const results = globalThis as unknown as Record<string, unknown>;
  await import(`data:application/typescript,${encodeURIComponent(text.replaceAll("KEY", key))}`);
  const result = results[key];
  delete results[key];
  return result;
}

const report = (value: string) => `(globalThis as any)["KEY"] = ${value};\n`;

Deno.test("joinModules() does with imports and exports what modules do", async () => {
  const texts = {
    "main.ts": `import { join as joined, sep } from "node:path";
import process from "node:process";
import * as path from "node:path";
import {
  add,
  count as counted,
  type Kind,
  Thing,
} from "./things.ts";
import type { Other } from "./types.ts";
import script from "./script.js" with { type: "text" };
import { add as again } from "./names.ts";
const kind: Kind & Other = "a";
${
      report(
        `[joined("a", "b"), sep, typeof process.pid, path.sep, add(1), again, counted(), new Thing().name, kind, script]`,
      )
    }`,
    "things.ts": `import { add as base } from "./names.ts";
export type Kind = "a" | "b";
export interface Unused {
  readonly a: string;
}
const hidden = 1;
let calls = 0;
export function add(value: number): number {
  calls++;
  return value + hidden + base;
}
export function count(): number {
  return calls;
}
export class Thing {
  readonly name: string = "thing";
}
`,
    "names.ts": "const hidden = 2;\nexport const add = hidden;\n",
    "script.js": 'import "./elsewhere.js";\nconst text = `"\\n`;\n',
  };
  assertEquals(await run(texts), [
    ...["a/b", "/", "number", "/", 4, 2, 1, "thing", "a"],
    texts["script.js"],
  ]);
});

Deno.test("joinModules() runs a module once, before those that import it", async () => {
  const log = '((globalThis as any)["KEY"] ??= [])';
  assertEquals(
    await run({
      "main.ts": `import { b } from "./b.ts";\nimport { c } from "./c.ts";\n${log}.push(b + c);\n`,
      "b.ts": `import { c } from "./c.ts";\n${log}.push("b");\nexport const b = "b" + c;\n`,
      "c.ts": `${log}.push("c");\nexport const c = "c";\n`,
    }),
    ["c", "b", "bcc"],
  );
});

Deno.test("joinModules() refuses what it would get wrong", () => {
  const refuses = (text: string, message: string) =>
    assertThrows(
      () => joinModules({ "main.ts": text, "b.ts": 'import { a } from "./main.ts";\n' }, "main.ts"),
      Error,
      message,
    );
  refuses("export let a = 1;\n", 'Cannot join "main.ts": it has "export let a = 1;"');
  refuses("const a = 1;\nexport { a };\n", 'it has "export { a };"');
  refuses("export default 1;\n", 'it has "export default 1;"');
  refuses('export * from "./b.ts";\n', 'it has "export * from "./b.ts";"');
  refuses('import "node:path";\n', 'it has "import "node:path";"');
  refuses('import b from "./c.ts";\n', 'Cannot join "c.ts": it is not among the texts');
  refuses(
    'import { b } from "./b.ts";\nexport const a = 1;\n',
    'Cannot join "main.ts": it imports',
  );
});
