/** Answers with JSON. */
export function jsonResponse(status: number, body: object, headers: HeadersInit = {}): Response {
  return textResponse(status, JSON.stringify(body), headers);
}

/** Answers with text that is JSON already. */
export function textResponse(status: number, json: string, headers: HeadersInit = {}): Response {
  const all = new Headers(headers);
  all.set("content-type", "application/json; charset=utf-8");
  return new Response(json, { status, headers: all });
}

/** Answers an HTTP request that is refused: `{error: {code, message}}` with a stable word as its code. */
export function errorResponse(
  status: number,
  code: string,
  message: string,
  headers: HeadersInit = {},
): Response {
  return jsonResponse(status, { error: { code, message } }, headers);
}

/** Adds the headers that every answer has, unless the answer set its own. */
export function secure(response: Response): Response {
  const { status, statusText } = response;
  const headers = new Headers(response.headers);
  headers.set("x-content-type-options", "nosniff");
  if (!headers.has("cache-control")) headers.set("cache-control", "no-store");
  return new Response(response.body, { status, statusText, headers });
}
