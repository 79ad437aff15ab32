import { assertEquals } from "@std/assert";
import { withoutModuleSyntax } from "../../../src/kernels/deno/module_syntax.ts";

Deno.test("withoutModuleSyntax() turns imports into declarations", () => {
  const cases: [string, string][] = [
    ['import a from "m";', 'const { default: a } = await import("m");'],
    ["import { a, b as c } from 'm'", 'const { a, b: c } = await import("m");'],
    ['import * as ns from "m"', 'const ns = await import("m");'],
    ['import d, { a } from "m";', 'const { default: d, a } = await import("m");'],
    ['import d, * as ns from "m";', 'const ns = await import("m"), { default: d } = ns;'],
    ['import "m";', 'await import("m");'],
    [
      'import data from "./d.json" with { type: "json" };',
      'const { default: data } = await import("./d.json", { with: { type: "json" } });',
    ],
    ["import {\n  a,\n} from 'm';\na", 'const { a } = await import("m");\n\n\na'],
    ["export const x = 1;", "const x = 1;"],
    ["export default function f() {}", "function f() {}"],
    ["export { x };", ";"],
    ["x\nimport a from 'm'", 'x\nconst { default: a } = await import("m");'],
  ];
  for (const [code, expected] of cases) assertEquals(withoutModuleSyntax(code), expected);
});

Deno.test("withoutModuleSyntax() leaves everything else as it is", () => {
  const cases = [
    "const x = await import('m');",
    "import.meta.url",
    "const s = `\nimport a from 'm'\n`;",
    "const s = `${`\nimport a from 'm'`}\nexport const x = 1`;",
    "// import a from 'm'\n/*\nimport a from 'm'\n*/",
    "'import'; \"export\"",
    "const o = { import: 1, export: 2 };\no.import",
    "function f() {\n  return /import a from 'm'/.test('x');\n}",
    "const r = /[/`]/;\nconst important = 1;",
    "exports.x = 1",
  ];
  for (const code of cases) assertEquals(withoutModuleSyntax(code), code);
});
