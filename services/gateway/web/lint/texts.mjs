/**
 * A plugin for oxlint: the texts that a user sees or hears are in `src/texts`, in each language, and not in the code.
 */

/** The attributes and properties whose values are texts. */
const TEXT_ATTRIBUTES = new Set([
  "alt",
  "aria-description",
  "aria-label",
  "aria-roledescription",
  "aria-valuetext",
  "label",
  "placeholder",
  "title",
  "unset",
]);
/** The name of the product, and examples of addresses. */
const SAME_IN_EACH_LANGUAGE = /^\s*(?:Tertulia|https?:\S+)\s*$/u;
const WORD = /\p{L}/u;
/** Two words or more, from a capital letter to the end of the sentence. */
const SENTENCE = /^\p{Lu}.*\s.*[.…!?]$/su;

const MESSAGE = "Put this text into src/texts, in each language.";

const noLiterals = {
  create(context) {
    const report = (node, text) => {
      if (WORD.test(text) && !SAME_IN_EACH_LANGUAGE.test(text)) context.report({ node, message: MESSAGE });
    };
    /** Check each value that the expression can have. */
    const check = (node) => {
      switch (node?.type) {
        case "Literal":
          if (typeof node.value === "string") report(node, node.value);
          return;
        case "TemplateLiteral":
          report(node, node.quasis.map((quasi) => quasi.value.raw).join(""));
          node.expressions.forEach(check);
          return;
        case "ConditionalExpression":
          check(node.consequent);
          check(node.alternate);
          return;
        case "LogicalExpression":
          if (node.operator !== "&&") check(node.left);
          check(node.right);
          return;
        case "BinaryExpression":
          if (node.operator !== "+") return;
          check(node.left);
          check(node.right);
          return;
        case "JSXExpressionContainer":
          check(node.expression);
      }
    };
    return {
      JSXText(node) {
        // Names of settings and files are the same in each language.
        const element = node.parent;
        if (element.type === "JSXElement" && element.openingElement.name.name === "code") return;
        report(node, node.value);
      },
      JSXAttribute(node) {
        const { name } = node.name;
        if (TEXT_ATTRIBUTES.has(typeof name === "string" ? name : name.name)) check(node.value);
      },
      JSXExpressionContainer(node) {
        if (node.parent.type === "JSXElement" || node.parent.type === "JSXFragment") check(node);
      },
    };
  },
};

const noSentences = {
  create(context) {
    const check = (node, text) => {
      const call = node.parent;
      const isLogged = call.type === "CallExpression" && call.callee.object?.name === "console";
      if (SENTENCE.test(text) && !isLogged) context.report({ node, message: MESSAGE });
    };
    return {
      Literal(node) {
        if (typeof node.value === "string") check(node, node.value);
      },
      TemplateLiteral(node) {
        check(node, node.quasis.map((quasi) => quasi.value.raw).join("x"));
      },
    };
  },
};

export default {
  meta: { name: "texts" },
  rules: { "no-literals": noLiterals, "no-sentences": noSentences },
};
