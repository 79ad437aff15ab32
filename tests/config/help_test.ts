import { assertEquals, assertStringIncludes } from "@std/assert";
import { CATALOG } from "../../src/config/catalog.ts";
import { helpText } from "../../src/config/help.ts";

Deno.test("helpText() shows every setting in 100 columns", () => {
  const text = helpText();
  for (const { flag, variables, defaultText } of CATALOG) {
    const line = text.split("\n").find((candidate) => candidate.includes(` ${variables[0]} `));
    assertStringIncludes(line ?? "", flag ?? "(no flag)");
    if (line?.endsWith(" below")) {
      assertStringIncludes(
        text.replaceAll(/\s+/g, " "),
        `; default: ${defaultText.replaceAll(",", ", ")}`,
      );
    } else assertEquals(line?.endsWith(` ${defaultText}`), true);
    for (const variable of variables) assertStringIncludes(text, variable);
  }
  for (const line of text.split("\n")) assertEquals([line.length <= 100, line], [true, line]);
});
