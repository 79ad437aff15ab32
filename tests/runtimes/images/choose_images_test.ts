import { assertEquals, assertThrows } from "@std/assert";
import { chooseImages } from "../../../runtimes/build/choose_images.ts";
import { LANGUAGES } from "../../../src/languages.ts";

Deno.test("chooseImages() takes all for no name, the guide's four first", () => {
  const folders = chooseImages([]).map(({ folder }) => folder);
  assertEquals(folders.slice(0, 4), ["python", "nodejs", "golang", "dotnet"]);
  const languages = chooseImages([]).flatMap((image) => image.languages);
  assertEquals(languages.toSorted(), LANGUAGES.toSorted());
});

Deno.test("chooseImages() takes languages, aliases and folders, each image once, in the table's order", () => {
  const folders = chooseImages(["c++", "c", "C#", "ts", "nodejs"]).map(({ folder }) => folder);
  assertEquals(folders, ["nodejs", "dotnet", "gcc"]);
});

Deno.test("chooseImages() takes an image that is nobody's default by its folder, and among all", () => {
  assertEquals(chooseImages(["python-data"]).map(({ name }) => name), [
    "codebeaker-python-data:latest",
  ]);
  assertEquals(chooseImages(["python"]).map(({ folder }) => folder), ["python"]);
  assertEquals(chooseImages([]).at(-1)?.folder, "python-data");
});

Deno.test("chooseImages() names the nearest for a name that there is not", () => {
  assertThrows(() => chooseImages(["pyhton"]), RangeError, 'did you mean "python"?');
});
