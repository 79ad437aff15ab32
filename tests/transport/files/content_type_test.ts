import { assertEquals } from "@std/assert";
import { asAttachment, contentType } from "../../../src/transport/files/content_type.ts";

Deno.test("contentType() goes by the extension and knows bytes otherwise", () => {
  assertEquals(contentType("a/b.PNG"), "image/png");
  assertEquals(contentType("page.html"), "text/html; charset=utf-8");
  for (const path of ["a", "a.unknown", ".png/", "x.constructor", "png"]) {
    assertEquals(contentType(path), "application/octet-stream", path);
  }
});

Deno.test("asAttachment() writes any name so that no header breaks", () => {
  assertEquals(asAttachment("a/b c.txt"), 'attachment; filename="b c.txt"');
  assertEquals(
    asAttachment('né"\\\r\n%.txt'),
    `attachment; filename="n______.txt"; filename*=UTF-8''n%C3%A9%22%5C%0D%0A%25.txt`,
  );
  // Half a character is none.
  assertEquals(asAttachment("\ud800"), `attachment; filename="_"; filename*=UTF-8''%EF%BF%BD`);
});
