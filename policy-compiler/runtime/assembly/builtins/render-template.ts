/** strings.render_template: Go's text/template; what has no value shows as <undefined>. */
import { builtinError, builtinErrorText } from "../failure";
import { bufferLength, bufferPtr, newBuffer, putText } from "../buffer";
import { whyBroken } from "../template/failure";
import { runTemplate } from "../template/run";
import { isPlainData } from "../template/values";
import { OBJECT, STRING, makeText } from "../value/value";
import { expectKind } from "./operands";
import { replace } from "./splitting";

export function renderTemplate(text: usize, variables: usize): usize {
  const name = "strings.render_template";
  if (!expectKind(name, 1, text, STRING) || !expectKind(name, 2, variables, OBJECT)) return 0;
  if (!isPlainData(variables)) return builtinError("strings.render_template: the variables are no JSON object");
  const result = runTemplate(text, variables);
  if (result == 0) {
    const reason = newBuffer(64);
    putText(reason, whyBroken());
    return builtinErrorText(bufferPtr(reason), bufferLength(reason), "strings.render_template: template: ");
  }
  return replace(result, makeText("<no value>"), makeText("<undefined>"));
}
