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
      const paths = ["a", "b", "none", "c"].map((name) => join(directory, name));
      await Deno.writeTextFile(paths[0]!, "one 1\n  two 2\n");
      await Deno.writeTextFile(paths[1]!, "");
      await Deno.writeTextFile(paths[3]!, "3\n");
      await using reader = new KernelReader();
      const all = await Promise.all(Array.from({ length: 20 }, () => reader.read(paths)));
      for (const texts of all) {
        assertEquals(texts.map((text) => text.replace(/ +/g, " ")), [
          "one 1\ntwo 2\n",
          "",
          "",
          "3\n",
        ]);
      }
      assertEquals(await reader.read([]), []);
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});
