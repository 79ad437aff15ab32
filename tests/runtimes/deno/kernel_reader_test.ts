import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { KernelReader } from "../../../src/runtimes/deno/kernel_reader.ts";

Deno.test({
  name:
    "KernelReader.read() returns what is in files, many at a time, and nothing of those missing",
  ignore: Deno.build.os === "windows",
  async fn() {
    const directory = await Deno.makeTempDir({ prefix: "codebeaker-test-" });
    try {
      await Deno.mkdir(join(directory, "x y"));
      await Deno.writeTextFile(join(directory, "x y", "a"), "one 1\n  two 2\n");
      await Deno.writeTextFile(join(directory, "x y", "b"), "");
      await Deno.writeTextFile(join(directory, "x y", "c"), "3\n");
      const paths = ["a", "b", "none", "c"].map((file) => join(directory, "@", file));
      await using reader = new KernelReader(paths);
      const all = await Promise.all(Array.from({ length: 20 }, () => reader.read("x y")));
      for (const texts of all) {
        assertEquals(texts.map((text) => text.replace(/ +/g, " ")), [
          "one 1\ntwo 2\n",
          "",
          "",
          "3\n",
        ]);
      }
      assertEquals(await reader.read("nobody"), ["", "", "", ""]);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});
