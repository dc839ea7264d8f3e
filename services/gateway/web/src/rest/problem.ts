/** Converts error responses of the REST API (RFC 9457) to texts for the user. */

import { type Params, problemText, texts } from "../texts";

export interface FieldProblem {
  readonly field: string;
  readonly detail: string;
}

export class RequestFailed extends Error {
  override readonly name = "RequestFailed";

  /** @param status HTTP status; 0 if the server was not reached */
  constructor(
    readonly status: number,
    message: string,
    readonly fields: readonly FieldProblem[] = [],
  ) {
    super(message);
  }

  /**
   * The text of the problem with one field; `""` if the field has no problem. The field is at the top level of the
   * request, or in the object `inside`.
   */
  about(field: string, inside = ""): string {
    const path = inside ? `${inside}.${field}` : field;
    return this.fields.find((each) => each.field === path || each.field.endsWith(`.${path}`))?.detail ?? "";
  }
}

/** Read the failure from a response's body. The body need not be problem+json. */
export function readProblem(status: number, body: unknown): RequestFailed {
  const source = isRecord(body) ? body : {};
  const errors = Array.isArray(source["errors"]) ? source["errors"].filter(isRecord) : [];
  const fields = errors.map((each) => ({ field: fieldOf(each), detail: textOf(each, "detail", "message", "msg") }));
  const details = fields.map((each) => each.detail).join(" ");
  const text = textOf({ ...source, params: { details, ...paramsOf(source) } }, "detail", "title");
  return new RequestFailed(status, text || inPlainWords(status), fields);
}

/** The text in the page's language if the page knows the code, else the first of the server's texts. */
function textOf(source: Record<string, unknown>, ...names: string[]): string {
  const sent = firstText(source, ...names);
  return problemText(firstText(source, "code"), sent, paramsOf(source)) || sent;
}

function paramsOf(source: Record<string, unknown>): Params {
  const params = isRecord(source["params"]) ? source["params"] : {};
  return Object.fromEntries(
    Object.entries(params).filter(
      (entry): entry is [string, string | number] => typeof entry[1] === "string" || typeof entry[1] === "number",
    ),
  );
}

export function unreachable(): RequestFailed {
  return new RequestFailed(0, texts.requests.unreachable);
}

function inPlainWords(status: number): string {
  if (status === 401 || status === 403) return texts.requests.notAllowed;
  if (status === 404) return texts.requests.gone;
  if (status === 409) return texts.requests.taken;
  if (status >= 500) return texts.requests.unavailable;
  return texts.requests.refused;
}

function fieldOf(error: Record<string, unknown>): string {
  const pointer = firstText(error, "field", "pointer");
  if (pointer) return pointer.replace(/^#?\//u, "").replaceAll("/", ".");
  return Array.isArray(error["loc"]) ? error["loc"].filter((part) => part !== "body").join(".") : "";
}

function firstText(source: Record<string, unknown>, ...names: string[]): string {
  return names.map((name) => source[name]).find((value): value is string => typeof value === "string" && value !== "") ?? "";
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
