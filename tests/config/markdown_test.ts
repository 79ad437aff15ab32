import { assertEquals } from "@std/assert";
import { configurationMarkdown } from "../../src/config/markdown.ts";

Deno.test("docs/configuration.md is what configurationMarkdown() makes", async () => {
  const file = new URL("../../docs/configuration.md", import.meta.url);
  assertEquals(
    await Deno.readTextFile(file),
    configurationMarkdown(),
    "docs/configuration.md is out of date, run: deno task docs:config",
  );
});
